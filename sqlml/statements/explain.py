"""`EXPLAIN statement`: what a statement would do; nothing is written and no model runs."""

from __future__ import annotations

import json
from dataclasses import asdict

from sqlglot import exp

from sqlml import nodes
from sqlml.errors import NotSupported
from sqlml.features import inputs_of
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.statements.create_model import Creation
from sqlml.types import Plan

_FORMS = {"sql": "plain SQL", "kernel": "the kernel in a UDF", "macro": "the model's macro"}


class Explain(Statement):
    """The plan of a statement: sqlml's part, then DuckDB's.

        EXPLAIN SELECT ml_predict('churn', c) FROM customers AS c;
        EXPLAIN CREATE MODEL m OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS SELECT * FROM t;

    Columns: explain_key ('sqlml_plan', then DuckDB's keys) and explain_value. EXPLAIN ANALYZE runs a query. Of CREATE
    MODEL the plan has the features with their kinds, the options, what the linter finds in the text of the query, and
    about how many rows would be read and how long it would take.
    """

    name = "explain"
    takes = (nodes.Explain,)

    def plan(self, tree: nodes.Explain, planner: Planner) -> Plan:
        """Plan the inner statement with a scorer that DuckDB will not run while it plans."""
        inner = tree.this
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
        rows = [("sqlml_plan", describe(planned, _row_count(planned, context)))]
        if planned.sql:
            rows += context.database.execute(words + planned.sql, planned.params).fetchall()
        values = [exp.Tuple(expressions=[exp.Literal.string(k), exp.Literal.string(v)]) for k, v in rows]
        listed = exp.values(values, alias="explained", columns=["explain_key", "explain_value"])
        return context.database.execute(exp.select("*").from_(listed).sql(dialect="duckdb"))


def _row_count(plan: Plan, context: Context) -> int | None:
    """About how many rows CREATE MODEL would read: DuckDB's estimate, for the query is not run."""
    if plan.statement != "create_model":
        return None
    explained = context.database.execute("EXPLAIN (FORMAT json) " + plan.sql, plan.params).fetchall()
    nodes_of_plan = json.loads(explained[0][1])
    while nodes_of_plan:
        node = nodes_of_plan[0]
        # A LIMIT is estimated as 0, what it reads is not.
        if int(node.get("extra_info", {}).get("Estimated Cardinality") or 0):
            return int(node["extra_info"]["Estimated Cardinality"])
        nodes_of_plan = node.get("children")
    return None


def describe(plan: Plan, row_count: int | None = None) -> str:
    """A plan as text: one fact a line; of CREATE MODEL with about how many rows it would read."""
    lines = [f"statement: {plan.statement}"]
    for m in plan.models:
        lines.append(f"model: {m.full_name} version {m.version} ({m.model_type}, sha256 {m.sha256})")
        if m.form in _FORMS:
            lines.append(f"scored by: {_FORMS[m.form]}")
    lines += [f"reads: {r.name}" + (f" ({', '.join(r.columns)})" if r.columns else "") for r in plan.reads or ()]
    lines += [f"writes: {w.name}" for w in plan.writes]
    lines += [f"calls: {c}" for c in plan.calls]
    if plan.statement == "create_model":
        lines += _creation(plan.details, row_count)
    lines += [f"needs: {p.action} on {p.kind.lower()} {p.on}" for p in plan.privileges]
    if plan.sql:
        lines.append(f"sql: {plan.sql}")
    return "\n".join(lines)


def _creation(creation: Creation, row_count: int | None) -> list[str]:
    # The rules load numpy, which no other plan needs.
    from sqlml.lint_rules.derived_from_label import DerivedFromLabel

    task = creation.task
    resolved = {**asdict(task.common), **asdict(task.options)}
    lines = [
        f"model type: {task.model_type.name} ({task.kind})",
        f"label: {task.label} {task.label_type}",
    ]
    nested = creation.transform.clause.raw if creation.transform and creation.transform.is_implicit else None
    for feature in nested or creation.features:
        count = len(inputs_of(feature))
        lines.append(f"feature: {feature.name} {feature.type} ({feature.family}{f', {count} inputs' * (count > 1)})")
    lines.append(f"options: {json.dumps(creation.given, sort_keys=True)}")
    defaults = {key: value for key, value in resolved.items() if key not in creation.given and value not in ("", None)}
    lines.append(f"defaults: {json.dumps(defaults, sort_keys=True)}")
    lines.append(f"split: {task.common.data_split_method}, seed {task.common.seed}")
    lines += [f"warning: {warning}" for warning in DerivedFromLabel().of_lineage(creation.lineage, task.label)]
    if row_count is not None:
        seconds = task.model_type.seconds(task.options, rows=row_count, inputs=len(task.inputs))
        lines.append(f"rows: about {row_count:,}, as DuckDB estimates")
        plural = "s" if len(task.inputs) > 1 else ""
        lines.append(f"time: about {seconds:.1g} s, for {row_count:,} rows x {len(task.inputs)} input{plural}")
    return lines
