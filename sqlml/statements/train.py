"""`SELECT ml_train('m', query => '...')`, `CALL ml_train(...)`, `FROM ml_train(...)`: CREATE MODEL as a function."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import parse_query, to_sql
from sqlml.errors import InvalidOption, SqlmlError
from sqlml.functions.base import read_arguments
from sqlml.planner import Planner, read_model_name
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.types import Plan


class Train(Statement):
    """Another spelling of CREATE MODEL: every option is a named argument.

        SELECT ml_train('churn', query => 'SELECT age, plan, churned FROM customers',
                        model_type => 'logistic_reg', input_label_cols => ['churned'], replace => true);

    Becomes:

        CREATE OR REPLACE MODEL churn OPTIONS (model_type = 'logistic_reg', input_label_cols = ['churned'])
        AS SELECT age, plan, churned FROM customers

    `query` is the text of a query or the name of a table; `transform` the columns of a TRANSFORM clause, as one text or
    a list of texts; `replace`, `if_not_exists` and `if_stale` are the words of CREATE MODEL; `options` takes a struct
    of options.
    """

    name = "ml_train"
    takes = (exp.Select, nodes.Call)

    def accepts(self, tree: exp.Expr) -> bool:
        """Whether the statement is nothing but a call of ml_train."""
        return _call_of(tree) is not None

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Plan the CREATE MODEL it stands for."""
        call = _call_of(tree)
        assert call is not None
        try:
            text = self._spelled_out(call, planner)
            return planner.plan_text(text, unfolded=planner.unfolded)
        except SqlmlError as error:
            error.line = error.column = error.excerpt = None
            raise planner.at(error, call) from None

    def run(self, plan: Plan, context: Context) -> Result:
        """The plan is CREATE MODEL's own and is run by it."""
        raise AssertionError

    def _spelled_out(self, node: exp.Anonymous, planner: Planner) -> str:
        call = read_arguments(node, self.name)
        named = dict(call.named)
        values = {key: planner.constant(value) for key, value in named.items() if key in _WORDS}
        if len(call.positional) > 2:
            raise InvalidOption("ml_train has too many arguments.", hint="Name the options: model_type => '...'.")
        name = planner.constant(call.positional[0]) if call.positional else values.get("model")
        query = planner.constant(call.positional[1]) if len(call.positional) > 1 else values.get("query")
        if not isinstance(name, str) or not name:
            raise InvalidOption("ml_train needs the name of the model.", hint="ml_train('name', query => '...').")
        if not isinstance(query, str) or not query.strip():
            raise InvalidOption("ml_train needs a query.", hint="ml_train('name', query => 'SELECT ...').")
        options = [
            nodes.Option(this=exp.to_identifier(key, quoted=True), expression=written(planner.constant(value)))
            for key, value in {**_struct_of(named), **named}.items()
            if key not in _WORDS
        ]
        tree = nodes.CreateModel(
            this=_table(name),
            replace=_flag(values, "replace"),
            exists=_flag(values, "if_not_exists"),
            stale=_flag(values, "if_stale"),
            transform=_columns(values["transform"]) if values.get("transform") is not None else None,
            expressions=options,
            expression=exp.select("*").from_("sqlml_query"),
        )
        # The query goes in as it was written: CREATE MODEL sends it to the byte.
        before = to_sql(tree).removesuffix("SELECT * FROM sqlml_query")
        return before + query.strip().rstrip(";")


_WORDS = ("model", "query", "replace", "if_not_exists", "if_stale", "options", "transform")


def _columns(value: object) -> list[exp.Expr]:
    """The columns of a TRANSFORM clause."""
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise InvalidOption(f"transform is {value!r}.", hint=_TRANSFORM)
    return [column for text in texts for column in _select_list(str(text))]


def _select_list(text: str) -> list[exp.Expr]:
    tree = parse_query("SELECT " + text)
    found = {key for key, value in tree.args.items() if value}
    if not isinstance(tree, exp.Select) or found != {"expressions"}:
        raise InvalidOption("transform is more than a list of columns.", hint=_TRANSFORM)
    return list(tree.expressions)


_TRANSFORM = "transform => 'ML.STANDARD_SCALER(a) OVER () AS a, label', as after SELECT, or a list of such texts."


def written(value: object) -> exp.Expr:
    """The literal of a constant; a dict is a struct, which sqlglot would make a map of."""
    if isinstance(value, dict):
        fields = [
            exp.PropertyEQ(this=exp.to_identifier(str(key), quoted=True), expression=written(item))
            for key, item in value.items()
        ]
        return exp.Struct(expressions=fields)
    if isinstance(value, list):
        return exp.Array(expressions=[written(item) for item in value])
    return exp.convert(value)


def _struct_of(named: dict[str, exp.Expr]) -> dict[str, exp.Expr]:
    options = named.get("options")
    if options is None:
        return {}
    if not isinstance(options, exp.Struct):
        raise InvalidOption("options takes a struct.", hint="options => {'l2_reg': 1}.")
    return {str(e.this.name).casefold(): e.expression for e in options.expressions}


def _flag(values: dict[str, object], name: str) -> bool:
    value = values.get(name, False)
    if not isinstance(value, bool):
        raise InvalidOption(f"{name} is {value!r}.", hint="It is TRUE or FALSE.")
    return value


def _table(name: str) -> exp.Table:
    found = read_model_name(name).name
    return exp.table_(found.name, found.schema, found.catalog, quoted=True)


def _call_of(tree: exp.Expr) -> exp.Anonymous | None:
    candidate: exp.Expr | None = None
    if isinstance(tree, nodes.Call):
        candidate = tree.this
    elif isinstance(tree, exp.Select):
        others = {k for k, v in tree.args.items() if v and k not in ("expressions", "from_", "kind")}
        source = tree.args.get("from_")
        if others or len(tree.expressions) != 1:
            return None
        only = tree.expressions[0]
        if source is None:
            candidate = only.this if isinstance(only, exp.Alias) else only
        elif isinstance(only, exp.Star) and isinstance(source.this, exp.Table):
            candidate = source.this.this
    if isinstance(candidate, exp.Dot) and candidate.this.name.casefold() == "ml":
        candidate = candidate.expression
        return candidate if isinstance(candidate, exp.Anonymous) and candidate.name.casefold() == "train" else None
    is_call = isinstance(candidate, exp.Anonymous) and candidate.name.casefold() == "ml_train"
    return candidate if is_call and isinstance(candidate, exp.Anonymous) else None
