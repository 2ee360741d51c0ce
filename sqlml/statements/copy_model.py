"""`CREATE [OR REPLACE] MODEL target COPY source [VERSION n | @alias]`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlml.catalog.models as catalog
from sqlml import artifacts, nodes, signing
from sqlml.access.governed import Change
from sqlml.catalog.copying import copy_version
from sqlml.catalog.lifecycle import has_champion
from sqlml.catalog.schema import migrate
from sqlml.model_macros import place_macros, place_shortcut
from sqlml.planner import Planner, object_name
from sqlml.result import Result
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.gates import keep_default
from sqlml.statements.owning import check_version, model_securable, record, writing
from sqlml.statements.storing import existing
from sqlml.types import ModelVersion, ObjectName, Plan, Privilege, Relation


@dataclass(frozen=True)
class Copying:
    """What to copy, and to where."""

    source: ModelVersion
    target: ObjectName
    replace: bool
    exists_ok: bool


class CopyModel(Statement):
    """Copy a version of a model, with its metrics and lineage, to another name, schema or attached database.

        CREATE MODEL prod.churn COPY dev.churn VERSION 3;
        CREATE OR REPLACE MODEL prod.churn COPY dev.churn@champion;

    The copy becomes the next version of the target and is signed as such. Result: one row with model, version, source.
    Source: MLflow, copy_model_version.
    """

    name = "copy_model"
    takes = (nodes.CopyModel,)

    def plan(self, tree: nodes.CopyModel, planner: Planner) -> Plan:
        """Find the source, verify it, and place the target."""
        source = planner.resolve(tree.args["source"])
        target = planner.snapshot.place(object_name(tree.this))
        copying = Copying(source, target, bool(tree.args.get("replace")), bool(tree.args.get("exists")))
        if planner.snapshot.versions_of(target) and not copying.replace and not copying.exists_ok:
            raise planner.at(existing(target), tree.this)
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            reads=(Relation(ObjectName("models", "sqlml", source.catalog)),),
            writes=(Relation(target),),
            privileges=(
                Privilege("EXECUTE", "MODEL", source.full_name, source.object_name),
                writing(planner, target, replaces=copying.replace),
            ),
            details=copying,
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Copy it in one transaction."""
        copying: Copying = plan.details
        source, target, database = copying.source, copying.target, context.database
        key = signing.signing_key(create=True)
        assert key is not None
        with database.transaction():
            migrate(database, str(target.catalog))
            found = catalog.find_model(database, str(target.catalog), str(target.schema), target.name)
            number = found[1] if found else 0
            if not (found and copying.exists_ok):
                body = catalog.read_body(database, source)
                if body is None or artifacts.sha256(body) != source.sha256:
                    raise artifacts.changed(source)
                number += 1
                model_id = found[0] if found else catalog.new_model_id()
                placed = replace(
                    source,
                    catalog=str(target.catalog),
                    schema=str(target.schema),
                    name=target.name,
                    model_id=model_id,
                    version=number,
                    is_pinned=False,
                    alias=None,
                )
                copied = replace(placed, signature=signing.sign(key, artifacts.statement_of(placed)))
                if found:
                    check_version(context, target)
                copy_version(database, source, copied, signing.key_id(key), context.user, is_first=found is None)
                place_macros(database, copied, f"@{number}")
                if not has_champion(database, copied) and not keep_default(copied, context):
                    place_macros(database, copied)
                if found is None:
                    place_shortcut(database, copied)
                    record(context, str(target.catalog), [Change("made", model_securable(target))])
        values = {
            "model": ("VARCHAR", target.name),
            "version": ("INTEGER", number),
            "source": ("VARCHAR", f"{source.full_name}@{source.version}"),
        }
        return one_row(database, values)
