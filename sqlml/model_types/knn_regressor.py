"""`model_type='knn_regressor'`: the mean label of the nearest training rows."""

from __future__ import annotations

from typing import Any

from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import Estimator, ModelType
from sqlml.neighbours import NeighboursOptions, remember, settings


class KnnRegressor(ModelType):
    """k nearest neighbours: the mean label of the nearest training rows.

        CREATE MODEL rent OPTIONS (model_type='knn_regressor', input_label_cols=['rent'], n_neighbors=7)
        AS SELECT latitude, longitude, rent FROM flats;

    Is roughly:

        KNeighborsRegressor(n_neighbors=7).fit(StandardScaler().fit_transform(flats[["latitude", "longitude"]]), rent)

    Numbers are standardised, two categories are as far apart as two columns of 0 and 1. The artifact holds the training
    rows: who may read the model may read them. Source: Cover and Hart, Nearest neighbor pattern classification, 1967.
    """

    name = "knn_regressor"
    task = "regression"
    Options = NeighboursOptions

    def build(self, options: NeighboursOptions, rows: int = 2**31) -> Estimator:
        """The scikit-learn estimator; there are no more neighbours than rows."""
        from sklearn.neighbors import KNeighborsRegressor

        estimator: Estimator = KNeighborsRegressor(**settings(options, rows=rows))
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Keep the training rows in a tree."""
        return remember(self.build(options, rows=len(data.target)), options, data)
