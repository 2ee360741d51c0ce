"""How sqlml's own nodes are written back as SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from sqlml import nodes

Write = Callable[[Any, Any], str]


def _words(*parts: str | None) -> str:
    return " ".join(p for p in parts if p)


def _options(gen: Any, node: exp.Expr) -> str | None:
    return f"OPTIONS ({gen.expressions(node, flat=True)})" if node.expressions else None


def _exists(node: exp.Expr, words: str) -> str | None:
    return words if node.args.get("exists") else None


def _model_ref(gen: Any, node: exp.Expr) -> str:
    name = gen.sql(node, "this")
    if node.args.get("alias"):
        return f"MODEL {name}@{gen.sql(node, 'alias')}"
    version = node.args.get("version")
    return f"MODEL {name} VERSION {gen.sql(version)}" if version else f"MODEL {name}"


def _create_model(gen: Any, node: exp.Expr) -> str:
    sources = node.args.get("sources")
    query = gen.sql(node, "expression")
    if sources:
        query = "(" + ", ".join(f"{gen.sql(s, 'alias')} AS ({gen.sql(s, 'this')})" for s in sources) + ")"
    return _words(
        "CREATE",
        "OR REPLACE" if node.args.get("replace") else None,
        "MODEL",
        _exists(node, "IF NOT EXISTS"),
        "IF STALE" if node.args.get("stale") else None,
        gen.sql(node, "this"),
        f"TRANSFORM ({gen.expressions(node, key='transform', flat=True)})" if node.args.get("transform") else None,
        f"INPUT ({gen.expressions(node, key='input', flat=True)})" if node.args.get("input") else None,
        f"OUTPUT ({gen.expressions(node, key='output', flat=True)})" if node.args.get("output") else None,
        f"REMOTE WITH CONNECTION {gen.sql(node, 'remote')}" if node.args.get("remote") else None,
        _options(gen, node),
        f"AS {query}" if query else None,
    )


def _create_function(gen: Any, node: exp.Expr) -> str:
    parameters = ", ".join(gen.sql(p) for p in node.args["parameters"])
    deterministic = node.args.get("deterministic")
    comment = f"COMMENT {gen.sql(node, 'comment')}" if node.args.get("comment") else None
    return _words(
        "CREATE",
        "OR REPLACE" if node.args.get("replace") else None,
        "TEMP" if node.args.get("temporary") else None,
        "FUNCTION",
        _exists(node, "IF NOT EXISTS"),
        f"{gen.sql(node, 'this')}({parameters})",
        f"RETURNS {gen.sql(node, 'returns')}" if node.args.get("returns") else None,
        "LANGUAGE PYTHON",
        None if deterministic is None else "DETERMINISTIC" if deterministic.this else "NOT DETERMINISTIC",
        "PARAMETER STYLE ARROW" if node.args.get("style") else None,
        comment,
        _options(gen, node),
        f"AS {gen.sql(node, 'body')}" if node.args.get("body") else None,
    )


def _drop_function(gen: Any, node: exp.Expr) -> str:
    exists = _exists(node, "IF EXISTS")
    return _words("DROP FUNCTION", exists, gen.sql(node, "this"), node.text("behaviour").upper() or None)


def _drop_model(gen: Any, node: exp.Expr) -> str:
    version = f"VERSION {gen.sql(node, 'version')}" if node.args.get("version") else None
    return _words(
        "DROP MODEL",
        _exists(node, "IF EXISTS"),
        gen.sql(node, "this"),
        version,
        node.text("behaviour") or None,
    )


def _vacuum_models(gen: Any, node: exp.Expr) -> str:
    retained = [f"RETAIN {gen.sql(node, key)} {key.upper()}" for key in ("versions", "days") if node.args.get(key)]
    name = gen.sql(node, "this") or None
    return _words("VACUUM MODELS", name, *retained, "DRY RUN" if node.args.get("dry") else None)


def _alter_model(gen: Any, node: exp.Expr) -> str:
    actions = gen.expressions(node, key="actions", flat=True)
    version = f"VERSION {gen.sql(node, 'version')}" if node.args.get("version") else None
    return _words("ALTER MODEL", _exists(node, "IF EXISTS"), gen.sql(node, "this"), version, actions)


def _copy_model(gen: Any, node: exp.Expr) -> str:
    return _words(
        "CREATE",
        "OR REPLACE" if node.args.get("replace") else None,
        "MODEL",
        _exists(node, "IF NOT EXISTS"),
        gen.sql(node, "this"),
        "COPY",
        gen.sql(node, "source").removeprefix("MODEL "),
    )


def _alter_action(gen: Any, node: exp.Expr) -> str:
    values = gen.expressions(node, flat=True)
    wrapped = node.name.endswith(("OPTIONS", "TAGS"))
    if isinstance(node.expressions[0], nodes.ModelConstraint):
        exists = _exists(node.expressions[0], "IF NOT EXISTS" if node.name.startswith("ADD") else "IF EXISTS")
        return _words(node.name, exists, values)
    return _words(node.name, f"({values})" if wrapped else values, "FORCE" if node.args.get("force") else None)


def _constraint(gen: Any, node: exp.Expr) -> str:
    slices = gen.expressions(node, key="slices", flat=True)
    return _words(
        gen.sql(node, "this"),
        f"CHECK ({gen.sql(node, 'check')})" if node.args.get("check") else None,
        f"ON ({gen.sql(node, 'query')})" if node.args.get("query") else None,
        f"FOR EACH ({slices})" if slices else None,
    )


def _assert(gen: Any, node: exp.Expr) -> str:
    constraint = f"CONSTRAINT {gen.sql(node, 'constraint')}" if node.args.get("constraint") else None
    return _words("ASSERT", gen.sql(node, "this"), constraint)


def _diff(gen: Any, node: exp.Expr) -> str:
    other = gen.sql(node, "other").removeprefix("MODEL ")
    query = f"ON ({gen.sql(node, 'expression')})"
    flips = "SHOW FLIPS" if node.args.get("flips") else None
    return _words("DIFF", gen.sql(node, "this"), "WITH", other, query, _options(gen, node), flips)


def _show(gen: Any, node: exp.Expr) -> str:
    scope = f"IN {gen.sql(node, 'scope')}" if node.args.get("scope") else None
    like = f"LIKE {gen.sql(node, 'like')}" if node.args.get("like") else None
    return _words("SHOW", node.name, scope, like)


def _explain(gen: Any, node: exp.Expr) -> str:
    settings = f"({gen.expressions(node, flat=True)})" if node.expressions else None
    return _words("EXPLAIN", "ANALYZE" if node.args.get("analyze") else None, settings, gen.sql(node, "this"))


def _execute(gen: Any, node: exp.Expr) -> str:
    values = f"({gen.expressions(node, flat=True)})" if node.expressions else ""
    return f"EXECUTE {gen.sql(node, 'this')}{values}"


def _export(gen: Any, node: exp.Expr) -> str:
    target = f"TO {gen.sql(node, 'target')}" if node.args.get("target") else None
    return _words("EXPORT", gen.sql(node, "this"), target, _options(gen, node))


def _import(gen: Any, node: exp.Expr) -> str:
    return _words(
        "IMPORT",
        "OR REPLACE" if node.args.get("replace") else None,
        "MODEL",
        _exists(node, "IF NOT EXISTS"),
        gen.sql(node, "this"),
        f"FROM {gen.sql(node, 'source')}",
        f"INPUT ({gen.expressions(node, key='input', flat=True)})" if node.args.get("input") else None,
        f"OUTPUT ({gen.expressions(node, key='output', flat=True)})" if node.args.get("output") else None,
        _options(gen, node),
    )


def _formula(gen: Any, node: exp.Expr) -> str:
    inputs = [gen.sql(value) for value in node.expressions]
    return "(" + "".join(inputs[p] if isinstance(p, int) else p for p in node.args["pieces"]) + ")"


# Up to so many classes each is compared with each other; DuckDB is slow where a lambda's body is one.
_PAIRED = 8


def _softmax(gen: Any, node: exp.Expr) -> str:
    """Stable for any margins: where exp overflows, its reciprocal is 0; above 8 classes the largest is taken away."""
    margins = exp.Array(expressions=[margin.copy() for margin in node.expressions])
    if len(node.expressions) <= _PAIRED:
        places = [exp.Literal.number(k + 1) for k in range(len(node.expressions))]
        return str(gen.sql(_let("m", margins, exp.Array(expressions=[_share(k, places) for k in places]))))
    m, e, s, x = (exp.column(name) for name in "mesx")
    largest = _call("list_max", m)
    powers = _each(m, _call("exp", exp.Sub(this=x.copy(), expression=largest)))
    shares = _let("s", _call("list_sum", e), _each(e.copy(), exp.Div(this=x, expression=s)))
    return str(gen.sql(_let("m", margins, _let("e", powers, shares))))


def _share(own: exp.Expr, places: Sequence[exp.Expr]) -> exp.Expr:
    margin = [_call("list_extract", exp.column("m"), place.copy()) for place in (own, *places)]
    powers = [_call("exp", exp.Sub(this=other, expression=margin[0].copy())) for other in margin[1:]]
    one = exp.cast(exp.Literal.string("1"), "DOUBLE")
    both = powers[0]
    for power in powers[1:]:
        both = exp.Add(this=both, expression=power)
    return exp.Div(this=one, expression=exp.Paren(this=both))


def _let(name: str, value: exp.Expr, body: exp.Expr) -> exp.Expr:
    """The body with a value that is computed once: DuckDB's expressions know no other way."""
    each = exp.Lambda(this=body, expressions=[exp.to_identifier(name)])
    made = _call("list_transform", exp.Array(expressions=[value]), each)
    return _call("list_extract", made, exp.Literal.number(1))


def _each(values: exp.Expr, body: exp.Expr) -> exp.Expr:
    return _call("list_transform", values.copy(), exp.Lambda(this=body, expressions=[exp.to_identifier("x")]))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _if_known(gen: Any, node: exp.Expr) -> str:
    """`list_extract([scores], CASE WHEN known THEN 1 END)`: DuckDB computes equal expressions once, but not in CASE."""
    first = exp.Case(ifs=[exp.If(this=node.args["known"].copy(), true=exp.Literal.number(1))])
    return str(gen.sql(_call("list_extract", exp.Array(expressions=[node.this.copy()]), first)))


def _vector_index(gen: Any, node: exp.Expr) -> str:
    columns = gen.expressions(node, key="columns", flat=True)
    storing = gen.expressions(node, key="storing", flat=True)
    return _words(
        "CREATE",
        "OR REPLACE" if node.args.get("replace") else None,
        "VECTOR INDEX",
        _exists(node, "IF NOT EXISTS"),
        gen.sql(node, "this"),
        f"ON {gen.sql(node, 'table')}({columns})",
        f"STORING ({storing})" if storing else None,
        f"PARTITION BY {gen.expressions(node, key='partition', flat=True)}" if node.args.get("partition") else None,
        _options(gen, node),
    )


def _double(node: exp.Expr) -> str:
    text = str(node.this)
    return text if "e" in text else f"{text}e0"


TRANSFORMS: dict[type[exp.Expr], Write] = {
    nodes.ReplayedInputs: lambda gen, node: gen.sql(node, "this"),
    # sqlglot leaves these out where it does not know the function; ours are all anonymous.
    exp.IgnoreNulls: lambda gen, node: f"{gen.sql(node, 'this')} IGNORE NULLS",
    exp.RespectNulls: lambda gen, node: f"{gen.sql(node, 'this')} RESPECT NULLS",
    nodes.Formula: _formula,
    nodes.Double: lambda _, node: _double(node),
    nodes.IfKnown: _if_known,
    nodes.Softmax: _softmax,
    nodes.ModelRef: _model_ref,
    nodes.TableRef: lambda gen, node: f"TABLE {gen.sql(node, 'this')}",
    nodes.Option: lambda gen, node: f"{gen.sql(node, 'this')} = {gen.sql(node, 'expression')}",
    nodes.CreateModel: _create_model,
    nodes.CreateFunction: _create_function,
    nodes.DropFunction: _drop_function,
    nodes.DropModel: _drop_model,
    nodes.VacuumModels: _vacuum_models,
    nodes.AlterModel: _alter_model,
    nodes.AlterAction: _alter_action,
    nodes.ModelConstraint: _constraint,
    nodes.AssertModel: _assert,
    nodes.DiffModel: _diff,
    nodes.CopyModel: _copy_model,
    nodes.CommentOnModel: lambda gen, node: (
        f"COMMENT ON MODEL {gen.sql(node, 'this')} IS {gen.sql(node, 'expression')}"
    ),
    nodes.ShowObjects: _show,
    nodes.DescribeModel: lambda gen, node: f"DESCRIBE {gen.sql(node, 'this')}",
    nodes.DescribeModelType: lambda gen, node: f"DESCRIBE MODEL TYPE {gen.sql(node, 'this')}",
    nodes.Explain: _explain,
    nodes.Call: lambda gen, node: f"CALL {gen.sql(node, 'this')}",
    nodes.Prepare: lambda gen, node: f"PREPARE {gen.sql(node, 'this')} AS {gen.sql(node, 'expression')}",
    nodes.Deallocate: lambda gen, node: f"DEALLOCATE {gen.sql(node, 'this')}",
    nodes.ExecutePrepared: _execute,
    nodes.ExportModel: _export,
    nodes.RefreshModel: lambda gen, node: f"REFRESH {gen.sql(node, 'this')}",
    nodes.ReproduceModel: lambda gen, node: f"REPRODUCE {gen.sql(node, 'this')}",
    nodes.ImportModel: _import,
    nodes.Label: lambda gen, node: f"AS {gen.sql(node, 'this')}",
    nodes.CreateVectorIndex: _vector_index,
}
