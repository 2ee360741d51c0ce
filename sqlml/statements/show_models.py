"""`SHOW MODELS [IN schema] [LIKE 'pattern']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes
from sqlml.catalog.cursor import in_catalog
from sqlml.catalog.snapshot import model_catalogs
from sqlml.dialect import parse_query, to_sql
from sqlml.errors import NotSupported
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.types import ObjectName, Plan, Relation

_MODELS = """
SELECT current_database() AS catalog, m.schema_name AS schema, m.model_name AS model, v.version AS version,
       v.model_type AS model_type, v.label_name AS label, v.created_at AS created_at, v.created_by AS created_by
FROM sqlml.models AS m JOIN sqlml.model_versions AS v ON v.model_id = m.model_id
WHERE v.version = (SELECT max(w.version) FROM sqlml.model_versions AS w WHERE w.model_id = m.model_id)
"""
_NONE = """
SELECT ''::VARCHAR AS catalog, ''::VARCHAR AS schema, ''::VARCHAR AS model, 0::INTEGER AS version,
       ''::VARCHAR AS model_type, ''::VARCHAR AS label, NULL::TIMESTAMP AS created_at, ''::VARCHAR AS created_by
WHERE false
"""


class ShowModels(Statement):
    """The models of all attached databases, each with its newest version.

        SHOW MODELS IN main LIKE 'churn%';

    Columns: catalog, schema, model, version, model_type, label, created_at (UTC), created_by.
    """

    name = "show_models"
    takes = (nodes.ShowObjects,)

    def plan(self, tree: nodes.ShowObjects, planner: Planner) -> Plan:
        """Note what to list."""
        if tree.name != "MODELS":
            raise planner.at(
                NotSupported(f"SHOW {tree.name} is not supported in this version.", hint="SHOW MODELS is."),
                tree,
            )
        scope = tree.args.get("scope")
        like = tree.args.get("like")
        reads = (Relation(ObjectName("models", "sqlml", planner.snapshot.catalog)),)
        details = (scope.name if scope else None, scope.db if scope else None, like.name if like else None)
        return Plan(statement=self.name, sql="", tree=tree, reads=reads, details=details)

    def run(self, plan: Plan, context: Context) -> Result:
        """List them."""
        schema, catalog, like = plan.details
        parts: exp.Query = parse_query(_NONE)
        for attached in model_catalogs(context.database):
            part = parse_query(in_catalog(_MODELS, attached))
            part.selects[0].set("this", exp.Literal.string(attached))
            parts = exp.union(parts, part, distinct=False)
        listed = exp.select("*").from_(parts.subquery("listed")).order_by("catalog", "schema", "model")
        conditions = {"schema": schema, "catalog": catalog}
        for column, value in conditions.items():
            if value:
                same = exp.func("lower", exp.column(column)).eq(exp.Literal.string(value.lower()))
                listed = listed.where(same)
        if like is not None:
            listed = listed.where(exp.ILike(this=exp.column("model"), expression=exp.Literal.string(like)))
        return context.database.execute(to_sql(listed))
