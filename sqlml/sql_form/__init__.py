"""Trained models as plain DuckDB SQL: an artifact's document becomes expressions over its inputs."""

from sqlml.sql_form.base import Margins, SqlForm
from sqlml.sql_form.formats import FORMS, sql_form

__all__ = ["FORMS", "Margins", "SqlForm", "sql_form"]
