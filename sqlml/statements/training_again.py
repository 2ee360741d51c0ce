"""Training once more what was trained before: REFRESH MODEL and REPRODUCE MODEL plan the same CREATE MODEL."""

from __future__ import annotations

from sqlml.errors import NotSupported, SqlmlError
from sqlml.statements.base import Context
from sqlml.statements.recorded import Recorded, recorded_statement
from sqlml.types import ModelVersion, Plan


def plan_again(model: ModelVersion, context: Context) -> tuple[Plan, Recorded]:
    """The plan of the statement that a version was trained by.

    Raises what planning its query raises, in terms of the version: the text is not what the user wrote just now.
    """
    recorded = recorded_statement(model, context.database)
    try:
        return context.plan_text(recorded.text), recorded
    except SqlmlError as error:
        what = f'The query of version {model.version} of "{model.short_name}"'
        error.message = f"{what} is no longer good: {error.message}"
        error.hint = f"DESCRIBE MODEL {model.short_name} shows the query; bring back what it reads."
        error.line = error.column = error.excerpt = None
        error.args = (error.message,)
        raise


def check_at_the_top(context: Context) -> None:
    """Refuse a statement inside another one where access is governed: its query was not decided on there.

    The governor puts the CREATE MODEL that they stand for in their place and decides on that; what comes here is not.
    """
    if context.access.acting.access.is_governed:
        raise NotSupported(
            "REFRESH and REPRODUCE MODEL do not run inside another statement.", hint="Send them by themselves."
        )
