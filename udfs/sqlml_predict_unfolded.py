"""`sqlml_predict_unfolded('<sha256 of the artifact>', {inputs}) -> DOUBLE[]`: `sqlml_predict` as EXPLAIN calls it."""

from __future__ import annotations

from sqlml_udfs.sqlml_predict import SqlmlPredict


class SqlmlPredictUnfolded(SqlmlPredict):  # type: ignore[misc, unused-ignore]
    """The same under a name that EXPLAIN uses: with side effects, so that no optimiser runs it while planning.

    EXPLAIN SELECT sqlml_predict_unfolded('<sha256>', {'age': 31.0});
    """

    name = "sqlml_predict_unfolded"
    has_side_effects = True
