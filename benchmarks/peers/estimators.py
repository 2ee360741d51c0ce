"""The models that peers in Python fit by hand."""

from __future__ import annotations

from typing import Any

from worker import INPUTS, LEAVES, RATE, ROUNDS


def boosted(frame: Any) -> Any:
    import lightgbm

    data = lightgbm.Dataset(frame[INPUTS], label=frame["y"])
    params = {"num_leaves": LEAVES, "learning_rate": RATE, "verbosity": -1}
    return lightgbm.train(params, data, num_boost_round=ROUNDS)


def logistic(frame: Any) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression()).fit(frame[INPUTS], frame["answer"])
