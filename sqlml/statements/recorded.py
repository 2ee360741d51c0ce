"""The CREATE MODEL that a version was trained by, written again from what the catalog keeps of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from sqlml import nodes
from sqlml.catalog.cursor import Cursor
from sqlml.catalog.recipes import Recipe, read_recipe
from sqlml.catalog.snapshot import Snapshot
from sqlml.catalog.trained_with import read_trained_with
from sqlml.dialect import parse, parse_query, to_sql
from sqlml.errors import NotSupported
from sqlml.planner import model_name
from sqlml.statements.train import written
from sqlml.types import ModelVersion, Privilege


@dataclass(frozen=True)
class Recorded:
    """The statement that would train the next version like one, and its query as the user wrote it."""

    text: str
    tree: nodes.CreateModel
    query: str


def named_version(tree: nodes.ReproduceModel | nodes.RefreshModel, snapshot: Snapshot) -> ModelVersion:
    """The version that a statement is about: REFRESH goes on from the newest, whatever the champion is."""
    named = model_name(tree.this)
    found = snapshot.resolve(named.name, named.version, named.alias)
    if isinstance(tree, nodes.ReproduceModel):
        return found
    return max(snapshot.versions_of(found.object_name), key=lambda v: v.version)


def training(model: ModelVersion) -> Privilege:
    """What training a version once more asks for, kept or not."""
    return Privilege("CREATE MODEL VERSION", "MODEL", model.full_name, model.object_name)


def recorded_statement(model: ModelVersion, cursor: Cursor) -> Recorded:
    """How a version was trained.

    Raises NotSupported for one that nothing is known of, or that its recipe alone does not make.
    """
    recipe, facts = read_recipe(cursor, model), read_trained_with(cursor, model)
    what = f'Version {model.version} of "{model.short_name}"'
    if recipe is None or facts is None:
        raise NotSupported(
            f"How {what[0].lower()}{what[1:]} was trained is not kept.",
            hint="It was imported, registered or trained by an older sqlml: CREATE OR REPLACE MODEL trains it here.",
        )
    if recipe.options.get("warm_start"):
        raise NotSupported(
            f"{what} went on from another version with warm_start.",
            hint="Train it without warm_start to make it again from its rows alone.",
        )
    text = _creation(model, recipe, facts.query)
    tree = parse(text)
    assert isinstance(tree, nodes.CreateModel)
    if tree.args["expression"].find(exp.Placeholder, exp.Parameter):
        raise NotSupported(
            f"{what} was trained on a query with parameters, whose values are not kept.",
            hint="CREATE OR REPLACE MODEL with the values written out.",
        )
    return Recorded(text, tree, facts.query)


def _creation(model: ModelVersion, recipe: Recipe, query: str) -> str:
    """The statement as SQL; the query stands in it to the byte."""
    columns = parse_query("SELECT " + recipe.transform).expressions if recipe.transform else None
    tree = nodes.CreateModel(
        this=exp.table_(model.name, model.schema, model.catalog, quoted=True),
        stale=True,
        transform=columns,
        expressions=[
            nodes.Option(this=exp.to_identifier(key, quoted=True), expression=written(value))
            for key, value in recipe.options.items()
        ],
        expression=exp.select("*").from_("sqlml_query"),
    )
    return to_sql(tree).removesuffix("SELECT * FROM sqlml_query") + query
