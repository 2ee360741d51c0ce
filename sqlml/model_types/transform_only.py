"""`model_type='transform_only'`: a TRANSFORM clause kept as a model, for ML.TRANSFORM."""

from __future__ import annotations

from dataclasses import dataclass

from sqlml.model_types.base import ModelType


class TransformOnly(ModelType):
    """Preprocessing without a prediction: what the TRANSFORM clause learned is kept and replayed by ML.TRANSFORM.

        CREATE MODEL prepared
        TRANSFORM (id, ML.STANDARD_SCALER(age) OVER () AS age, ML.LABEL_ENCODER(plan) OVER () AS plan)
        OPTIONS (model_type='transform_only') AS SELECT id, age, plan FROM customers;

        SELECT * FROM ML.TRANSFORM(MODEL prepared, TABLE customers_2025);

    Is roughly:

        ColumnTransformer([("age", StandardScaler(), ["age"]), ("plan", OrdinalEncoder(), ["plan"])]).fit(customers)

    It has no label, no split and no metrics. Source: BigQuery ML, transform-only models.
    """

    name = "transform_only"
    task = "transform"
    # None of these is the choice of a model that trains on nothing.
    not_taken = (
        *("input_label_cols", "data_split_method", "data_split_eval_fraction", "data_split_col", "seed"),
        *("enable_global_explain", "partition_by", "strict"),
    )

    @dataclass(frozen=True)
    class Options:
        """transform_only has no options of its own."""
