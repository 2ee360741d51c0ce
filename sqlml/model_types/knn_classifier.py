"""`model_type='knn_classifier'`: the share of each class among the nearest training rows."""

from __future__ import annotations

from typing import Any

from sqlml.fitting import Fitted, TrainingData
from sqlml.model_types.base import Estimator, ModelType
from sqlml.neighbours import NeighboursOptions, remember, settings


class KnnClassifier(ModelType):
    """k nearest neighbours: the share of each class among the nearest training rows.

        CREATE MODEL species OPTIONS (model_type='knn_classifier', input_label_cols=['species'], n_neighbors=7)
        AS SELECT bill, flipper, species FROM penguins;

    Is roughly:

        KNeighborsClassifier(n_neighbors=7).fit(StandardScaler().fit_transform(penguins[["bill", "flipper"]]), species)

    Numbers are standardised, two categories are as far apart as two columns of 0 and 1. The artifact holds the training
    rows: who may read the model may read them. Source: Cover and Hart, Nearest neighbor pattern classification, 1967.
    """

    name = "knn_classifier"
    task = "classification"
    max_classes = 1000
    Options = NeighboursOptions

    def build(self, options: NeighboursOptions, rows: int = 2**31) -> Estimator:
        """The scikit-learn estimator; there are no more neighbours than rows."""
        from sklearn.neighbors import KNeighborsClassifier

        estimator: Estimator = KNeighborsClassifier(**settings(options, rows=rows))
        return estimator

    def fit(self, options: Any, data: TrainingData) -> Fitted:
        """Keep the training rows in a tree."""
        return remember(self.build(options, rows=len(data.target)), options, data)
