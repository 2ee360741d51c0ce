"""`sqlml_explain_unfolded('<sha256 of the artifact>', {inputs}, output)`: `sqlml_explain` as EXPLAIN calls it."""

from __future__ import annotations

from sqlml_udfs.sqlml_explain import SqlmlExplain


class SqlmlExplainUnfolded(SqlmlExplain):  # type: ignore[misc, unused-ignore]
    """The same under a name that EXPLAIN uses: with side effects, so that no optimiser runs it while planning.

    EXPLAIN SELECT sqlml_explain_unfolded('<sha256>', {'age': 31.0}, 1);
    """

    name = "sqlml_explain_unfolded"
    has_side_effects = True
