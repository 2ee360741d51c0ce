"""Which columns a statement writes and from which columns each of them is computed."""

from sqlml.data_lineage.values import Flow, Names, Origin, Output, Unfollowed
from sqlml.data_lineage.writes import flow_of

__all__ = ["Flow", "Names", "Origin", "Output", "Unfollowed", "flow_of"]
