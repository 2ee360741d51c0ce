"""Trained models that answer: an artifact's state becomes a Scorer."""

from sqlml.scoring.base import Scorer
from sqlml.scoring.formats import load_scorer

__all__ = ["Scorer", "load_scorer"]
