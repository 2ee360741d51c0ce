"""What REPRODUCE MODEL answers: a version, trained again, beside what the catalog has of it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import sqlml.catalog.models as catalog
from sqlml import artifacts
from sqlml.catalog.fingerprints import Fingerprint
from sqlml.catalog.recipes import read_recipe
from sqlml.catalog.trained_with import TrainedWith, read_trained_with
from sqlml.errors import ModelReplaced
from sqlml.result import Result
from sqlml.statements.base import Context, one_row
from sqlml.statements.train_and_store import Attempt, attempt, library_versions
from sqlml.types import ModelVersion, Plan, Progress

_CLOSE = 1e-9


def reproduce(plan: Plan, context: Context) -> Result:
    """Train as a version was trained and compare the two; nothing is written."""
    model: ModelVersion = plan.details.reproduces
    context.load_artifacts(plan.models)
    again = attempt(plan, context)
    recipe, facts = read_recipe(context.database, model), read_trained_with(context.database, model)
    if recipe is None or facts is None:
        raise ModelReplaced("The model was dropped by another transaction.", hint="Send the statement again.")
    sha256 = artifacts.sha256(artifacts.to_bytes(again.trained.document))
    before = catalog.read_metrics(context.database, model.catalog, model.model_id, model.version)
    differences = metric_differences(before, again.evaluated.metrics)
    is_same = sha256 == model.sha256 and again.plan.details.learned == model.transform
    changed = facts.digest != again.trained.dataset_digest
    # Where either was trained by someone who may see a part of the tables only, nothing is known of the whole.
    reasons = _changes(recipe.sources, again.sources) if recipe.sources and again.sources else []
    if changed and not reasons:
        reasons = [_rows_changed(facts, again)]
    if is_same:
        outcome = "bit-identical"
    elif changed:
        outcome = "sources changed"
    else:
        outcome = "different" if differences else "metric-equal"
    if outcome in ("different", "metric-equal"):
        reasons.append(_libraries(model))
    if not reasons:
        reasons = ["the same query, options, rows and artifact"]
    context.report(Progress("done", 1, 1))
    return one_row(
        context.database,
        {
            "model": ("VARCHAR", model.name),
            "version": ("INTEGER", model.version),
            "outcome": ("VARCHAR", outcome),
            "reason": ("VARCHAR", "; ".join(reasons)),
            "sha256": ("VARCHAR", model.sha256),
            "reproduced_sha256": ("VARCHAR", sha256),
            "metric_differences": ("MAP(VARCHAR, DOUBLE)", differences),
        },
    )


def metric_differences(before: Mapping[str, float | None], now: Mapping[str, float | None]) -> dict[str, float | None]:
    """By how much the metrics rose that are not the same; None where only one of the two has a value."""
    found: dict[str, float | None] = {}
    for name in {**before, **now}:
        one, other = _number(before.get(name)), _number(now.get(name))
        if one is None or other is None:
            if one is not other:
                found[name] = None
        elif one != other and not math.isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE):
            found[name] = other - one
    return found


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _changes(before: tuple[Fingerprint, ...], now: tuple[Fingerprint, ...]) -> list[str]:
    """Which of the relations changed, and how."""
    kept = {one.place: one for one in before}
    found = {one.place: one for one in now}
    reasons = [change(kept[place], one) for place, one in found.items() if place in kept and kept[place] != one]
    reasons += [f"{one.shown} is read now and was not" for place, one in found.items() if place not in kept]
    reasons += [f"{one.shown} was read and is not now" for place, one in kept.items() if place not in found]
    return [reason for reason in reasons if reason]


def change(before: Fingerprint, now: Fingerprint) -> str:
    """In words: rows more, rows fewer, or rows that changed in place; an empty text where nothing did."""
    more = now.rows - before.rows
    if more:
        count = f"{abs(more):,} {'row' if abs(more) == 1 else 'rows'} {'more' if more > 0 else 'fewer'}"
        return f"{now.shown} has {count} ({now.rows:,}, were {before.rows:,})"
    if now.digest != before.digest:
        return f"{now.shown} has as many rows ({now.rows:,}), and other values in them"
    return ""


def _rows_changed(facts: TrainedWith, again: Attempt) -> str:
    then, now = facts.rows or 0, again.trained.total_rows
    if then == now:
        return f"the query gives as many rows ({now:,}), and other values in them"
    return f"the query gives {now:,} rows, and gave {then:,}"


def _libraries(model: ModelVersion) -> str:
    """Which libraries are other ones: they may round otherwise, or choose otherwise."""
    then = dict(item.partition("=")[::2] for item in model.library_versions.split())
    now = dict(item.partition("=")[::2] for item in library_versions().split())
    other = [f"{name} is {now[name]}, was {then.get(name, 'unknown')}" for name in now if now[name] != then.get(name)]
    return "; ".join(other) if other else "the same rows, options and libraries"
