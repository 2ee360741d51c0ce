"""`CREATE VOLUME [IF NOT EXISTS] v LOCATION '/folder' [COMMENT '...']`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from sqlml import nodes_access
from sqlml.access.acting import Acting
from sqlml.access.names import fold
from sqlml.catalog.volumes import add_volume
from sqlml.errors import AlreadyExists, InvalidOption, NotFound
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.access_change import changing_access, need_users, read_text, superuser
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.files import check_local
from sqlml.types import Plan


@dataclass(frozen=True)
class _Creating:
    acting: Acting
    name: str
    path: str
    comment: str | None
    may_exist: bool


class CreateVolume(Statement):
    """Make a folder a volume: users read and write files nowhere else, with READ VOLUME and WRITE VOLUME on it.

        CREATE VOLUME landing LOCATION '/srv/landing' COMMENT 'what partners send';
        CREATE VOLUME IF NOT EXISTS landing LOCATION '/srv/landing';

    For superusers. The folder is there, holds no database of the session's, and lies in no other volume. Result:
    whether it was made. Source: Databricks Unity Catalog, CREATE EXTERNAL VOLUME.
    """

    name = "create_volume"
    takes = (nodes_access.CreateVolume,)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Check the name and the text; the folder is looked at when it is made, by whoever may."""
        need_users(planner, tree, "CREATE VOLUME")
        acting = planner.acting
        name = str(tree.this.name)
        if not name.strip() or not name.isprintable() or "/" in name:
            raise planner.at(
                InvalidOption(f'"{name}" cannot be the name of a volume.', hint="Choose another one."), tree.this
            )
        may_exist = bool(tree.args.get("exists"))
        if acting.is_superuser and fold(name) in acting.access.volumes and not may_exist:
            taken = AlreadyExists(
                f'There is a volume "{name}" already.', hint="DROP VOLUME it, or CREATE IF NOT EXISTS."
            )
            raise planner.at(taken, tree.this)
        path = read_text(planner, tree.args["location"], "LOCATION")
        if not path:
            raise planner.at(InvalidOption("LOCATION is empty.", hint="Write the path of a folder."), tree)
        given = tree.args.get("comment")
        comment = read_text(planner, given, "COMMENT") if given is not None else None
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            privileges=(superuser(acting),),
            details=_Creating(acting, name, path, comment, may_exist),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Look at the folder, and note it."""
        creating: _Creating = plan.details
        acting = creating.acting
        is_new = fold(creating.name) not in acting.access.volumes
        if is_new:
            path = _folder(creating.path)
            _check_apart(path, acting, context.access.closed_files())
            with changing_access(context, acting):
                add_volume(
                    context.database,
                    context.access.catalog,
                    creating.name,
                    path,
                    creating.comment,
                    acting.current,
                )
        return one_row(context.database, {"created": ("BOOLEAN", is_new)})


def _folder(text: str) -> str:
    """The real path of a folder that is there."""
    check_local(text)
    if not Path(text).is_absolute():
        raise InvalidOption(f"'{text}' is not a whole path.", hint="Write it from the root: '/srv/landing'.")
    path = os.path.realpath(text)
    if not Path(path).is_dir():
        raise NotFound(f"There is no folder {text}.", hint="Make it first.")
    return path


def _check_apart(path: str, acting: Acting, closed: tuple[str, ...]) -> None:
    """A volume with the database in it, or the key, would show all of either; two that overlap which of them counts?"""
    for file in closed:
        if Path(file).is_relative_to(path):
            raise InvalidOption(
                f"{path} has the database or the key of sqlml in it, which a volume would open to its readers.",
                hint="Name a folder beside it.",
            )
    for name, other in acting.access.volumes.items():
        if Path(other).is_relative_to(path) or Path(path).is_relative_to(other):
            raise InvalidOption(
                f'{path} and the volume "{name}" overlap: it is {other}.', hint="Name a folder outside of it."
            )
