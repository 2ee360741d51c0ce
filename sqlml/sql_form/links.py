"""From margins to scores: identity, exponential, logistic, softmax."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from sqlml import nodes
from sqlml.sql_form.writing import call, number

# The same as in scoring/linear.py, which brings numpy along.
LARGEST_LOG = 700.0
# The margin of a class that cannot be: its probability is 0, whatever the others are.
ABSENT = -1e304


@dataclass(frozen=True)
class Link:
    """A link: its name, and what it makes of the margins (trees in, a DOUBLE[] out)."""

    name: str
    scores: Callable[[Sequence[exp.Expr]], exp.Expr]


def logistic_of(margin: exp.Expr, *, negated: bool = False) -> exp.Expr:
    """`1 / (1 + exp(-m))`: where exp overflows to infinity this is 0, as it should be."""
    power = call("exp", margin.copy() if negated else exp.Neg(this=exp.Paren(this=margin.copy())))
    return exp.Div(this=number(1.0), expression=exp.Paren(this=exp.Add(this=number(1.0), expression=power)))


def _identity(margins: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Array(expressions=list(margins))


def _exponential(margins: Sequence[exp.Expr]) -> exp.Expr:
    # As the kernel does: a prediction is large, never infinite.
    capped = [exp.Least(this=m, expressions=[number(LARGEST_LOG)], ignore_nulls=True) for m in margins]
    return exp.Array(expressions=[call("exp", m) for m in capped])


def _exponential_of_capped(margins: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Array(expressions=[call("exp", m) for m in margins])


def _logistic(margins: Sequence[exp.Expr]) -> exp.Expr:
    [margin] = margins
    return exp.Array(expressions=[logistic_of(margin, negated=True), logistic_of(margin)])


def _softmax(margins: Sequence[exp.Expr]) -> exp.Expr:
    return nodes.Softmax(expressions=list(margins))


IDENTITY = Link("identity", _identity)
LOG = Link("log", _exponential)
# The same where the margins are NULL, or 700 at most.
CAPPED_LOG = Link("capped log", _exponential_of_capped)
LOGISTIC = Link("logistic", _logistic)
SOFTMAX = Link("softmax", _softmax)

LINKS = {link.name: link for link in (IDENTITY, LOG, LOGISTIC, SOFTMAX)}

COMPLEMENTARY = "complementary"


def complementary(slope: float) -> Link:
    """LightGBM's logistic of two classes: 1 - p and p, p of the margin times a slope."""

    def scores(margins: Sequence[exp.Expr]) -> exp.Expr:
        [margin] = margins
        scaled = margin if slope == 1 else exp.Mul(this=number(slope), expression=exp.Paren(this=margin))
        probability = logistic_of(scaled)
        rest = exp.Sub(this=number(1.0), expression=exp.Paren(this=probability.copy()))
        return exp.Array(expressions=[rest, probability])

    return Link(COMPLEMENTARY if slope == 1 else f"{COMPLEMENTARY} of {slope!r}", scores)
