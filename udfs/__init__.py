"""Code that runs inside the engine, once per vector: Arrow in, Arrow out. One line each."""

from sqlml_udfs.explain import Explain, ExplainForExplain
from sqlml_udfs.predict import Predict, PredictForExplain

UDFS = [Explain, ExplainForExplain, Predict, PredictForExplain]
