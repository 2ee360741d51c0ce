"""`EXPLAIN statement`: what a statement would do; nothing is written and no model runs."""

from __future__ import annotations

import json

from sqlglot import exp

from sqlml import nodes
from sqlml.errors import NotSupported
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.types import Plan

_FORMS = {"sql": "plain SQL", "kernel": "the kernel in a UDF", "macro": "the model's macro"}


class Explain(Statement):
    """The plan of a statement: sqlml's part, then DuckDB's.

        EXPLAIN SELECT ml_predict('churn', c) FROM customers AS c;
        EXPLAIN CREATE MODEL m OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS SELECT * FROM t;

    Columns: explain_key ('sqlml_plan', then DuckDB's keys) and explain_value. EXPLAIN ANALYZE runs a query.
    """

    name = "explain"
    takes = (nodes.Explain,)

    def plan(self, tree: nodes.Explain, planner: Planner) -> Plan:
        """Plan the inner statement with a scorer that DuckDB will not run while it plans."""
        inner = tree.this
        if isinstance(inner, nodes.ModelRef):
            raise planner.at(
                NotSupported("EXPLAIN MODEL is not supported in this version.", hint="Use DESCRIBE MODEL."),
                tree,
            )
        analyze = bool(tree.args.get("analyze")) or any("ANALY" in e.name.upper() for e in tree.expressions)
        planned = planner.plan_inner(inner, planner, unfolded=not analyze)
        if analyze and planned.statement != "query":
            raise planner.at(
                NotSupported("EXPLAIN ANALYZE would run the statement.", hint="Use EXPLAIN, or run it."), tree
            )
        span = nodes.span_of(inner)
        assert span is not None
        return Plan(
            statement=self.name,
            sql=planned.sql,
            tree=tree,
            params=planned.params,
            reads=planned.reads,
            calls=planned.calls,
            models=planned.models if analyze else (),
            privileges=planned.privileges,
            source_map=planned.source_map,
            details=(planned, planner.text[: span[0]]),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Describe the plan, and let DuckDB explain the SQL it would be sent."""
        planned, words = plan.details
        context.load_artifacts(plan.models)
        rows = [("sqlml_plan", describe(planned))]
        if planned.sql:
            rows += context.database.execute(words + planned.sql, planned.params).fetchall()
        values = [exp.Tuple(expressions=[exp.Literal.string(k), exp.Literal.string(v)]) for k, v in rows]
        listed = exp.values(values, alias="explained", columns=["explain_key", "explain_value"])
        return context.database.execute(exp.select("*").from_(listed).sql(dialect="duckdb"))


def describe(plan: Plan) -> str:
    """A plan as text: one fact a line."""
    lines = [f"statement: {plan.statement}"]
    for m in plan.models:
        lines.append(f"model: {m.full_name} version {m.version} ({m.model_type}, sha256 {m.sha256})")
        if m.form in _FORMS:
            lines.append(f"scored by: {_FORMS[m.form]}")
    lines += [f"reads: {r.name}" + (f" ({', '.join(r.columns)})" if r.columns else "") for r in plan.reads or ()]
    lines += [f"writes: {w.name}" for w in plan.writes]
    lines += [f"calls: {c}" for c in plan.calls]
    creation = plan.details
    if plan.statement == "create_model":
        task = creation.task
        lines.append(f"model type: {task.model_type.name} ({task.model_type.task})")
        lines.append(f"label: {task.label} {task.label_type}")
        lines += [f"feature: {f.name} {f.type} ({f.family})" for f in creation.features]
        lines.append(f"options: {json.dumps(creation.given, sort_keys=True)}")
        lines.append(f"split: {task.common.data_split_method}, seed {task.common.seed}")
    lines += [f"needs: {p.action} on {p.kind.lower()} {p.on}" for p in plan.privileges]
    if plan.sql:
        lines.append(f"sql: {plan.sql}")
    return "\n".join(lines)
