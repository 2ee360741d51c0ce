"""What a SQL form is: the margins of a model as expressions over its inputs, and the link that makes scores of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from sqlml import nodes
from sqlml.sql_form.links import Link
from sqlml.sql_form.writing import Formula

# The largest DOUBLE: NaN and infinities are outside of +- this in every dialect.
LARGEST = 1.7976931348623157e308


@dataclass(frozen=True)
class Target:
    """What the SQL is for: which inputs are never NaN or infinite, and whether other engines must know it too."""

    finite: frozenset[str] = frozenset()
    is_portable: bool = False


@dataclass(frozen=True)
class Margins:
    """What a family's compiler gives: one tree an output over columns that are named like the inputs, and the link.

    `work` is what DuckDB has to compute: up to 1 it is faster than the kernel. `known` is whether a row has an answer,
    where not all have one; the margins of the others are NULL.
    """

    trees: tuple[exp.Expr, ...]
    link: Link
    work: float
    known: exp.Expr | None = None


@dataclass(frozen=True)
class SqlForm:
    """A model as SQL. The trees are for other dialects; the formulas are the same, written once."""

    margins: Margins
    formulas: tuple[Formula, ...]
    known: Formula | None = None

    @property
    def pays(self) -> bool:
        """Whether DuckDB computes this faster than the kernel does."""
        return self.margins.work <= 1

    def scores(self, inputs: Mapping[str, exp.Expr]) -> exp.Expr:
        """DOUBLE[]: the scores for these inputs, which stand in the expression several times.

        A node IfKnown where not all rows have scores.
        """
        found = self.margins.link.scores([formula.over(inputs) for formula in self.formulas])
        return found if self.known is None else nodes.IfKnown(this=found, known=self.known.over(inputs))


def inputs_of(struct: exp.Expr) -> dict[str, exp.Expr]:
    """The expressions of a struct of inputs by name."""
    return {field.this.name: field.expression for field in struct.expressions}


# What a call may be of and still give the same for the same row, however often it is computed.
_PURE = frozenset(
    (
        *("abs", "ceil", "ceiling", "exp", "floor", "greatest", "least", "ln", "log", "log10", "log2", "mod", "pow"),
        *("power", "round", "sign", "sqrt", "trunc", "coalesce", "ifnull", "nullif"),
        *("concat", "concat_ws", "format", "left", "len", "length", "lower", "ltrim", "md5", "regexp_extract"),
        *("regexp_replace", "replace", "reverse", "right", "rtrim", "split_part", "string_split", "substr"),
        *("substring", "trim", "upper"),
        *("date_diff", "date_part", "date_trunc", "datediff", "datepart", "day", "dayofmonth", "dayofweek"),
        *("dayofyear", "epoch", "epoch_ms", "epoch_us", "hour", "make_date", "make_timestamp", "minute", "month"),
        *("quarter", "second", "strptime", "try_strptime", "week", "weekofyear", "year"),
        *("list_contains", "list_extract", "struct_extract"),
    )
)
_REPEATABLE = (
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Placeholder,
    exp.Cast,
    exp.DataType,
    exp.DataTypeParam,
    exp.ColumnDef,
    exp.Interval,
    exp.Var,
    exp.Paren,
    exp.Dot,
    exp.Binary,
    exp.Unary,
    exp.Case,
    exp.If,
    exp.Between,
    exp.In,
    exp.Struct,
    exp.StructExtract,
    exp.PropertyEQ,
    exp.Bracket,
    exp.Extract,
)
# Up to so many nodes in all: a computation that is long is not done twice.
_SHORT = 400


def is_repeatable(inputs: exp.Expr) -> bool:
    """Whether these inputs may be computed several times a row: no subquery, nothing random, nothing long."""
    found = list(inputs.walk())
    if len(found) > _SHORT + 12 * len(inputs.expressions):
        return False
    return all(_is_pure(node) for node in found)


def _is_pure(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return node.name.casefold() in _PURE
    if isinstance(node, exp.Func) and not isinstance(node, _REPEATABLE):
        # sqlglot has a class of its own for some functions, with all its names: DAY_OF_WEEK and DAYOFWEEK.
        return any(name.casefold() in _PURE for name in node.sql_names())
    return isinstance(node, _REPEATABLE) and not isinstance(node, nodes.Formula)
