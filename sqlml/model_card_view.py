"""The card of `con.model('churn')` as HTML, markdown and text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlml.chart_data import Bars
from sqlml.model_evaluation import Evaluation
from sqlml.notebook.charts import chart_html
from sqlml.notebook.html import FAINT, escape, facts_table, markdown_cell, markdown_table, note, pictures, short, tag
from sqlml.types import Feature

_FEATURES, _CLASSES = 30, 20
_BADGE = "border:1px solid currentColor;border-radius:0.8em;padding:0 0.6em;margin-left:0.5em;font-size:80%"


@dataclass(frozen=True)
class ModelFacts:
    """What the catalog knows about a version."""

    name: str
    schema: str
    catalog: str
    version: int
    versions: tuple[int, ...]
    model_type: str
    task: str
    label: str
    label_type: str
    classes: tuple[str, ...]
    features: tuple[Feature, ...]
    aliases: tuple[str, ...]
    tags: dict[str, str]
    model_tags: dict[str, str]
    comment: str | None
    owner: str | None
    facts: dict[str, str | None]
    metrics: dict[str, float]
    options: dict[str, str]
    sources: dict[str, str]
    dependents: tuple[str, ...]
    warnings: tuple[tuple[str, str], ...]
    partitions: dict[str, int]
    importances: Bars | None
    held_out: Evaluation | None


def card_html(card: ModelFacts) -> str:
    """The whole card, with pictures."""
    badges = "".join(tag("span", escape(alias), css=_BADGE) for alias in card.aliases)
    of = f"version {card.version} of {len(card.versions)}"
    head = tag("div", tag("b", escape(card.name), css="font-size:130%"), " ", escape(of), badges)
    warnings = [note(f"Warning, {rule}: {message}") for rule, message in card.warnings]
    drawn = [facts_table(_facts(card))]
    if card.held_out is not None:
        drawn += [facts_table(card.metrics.items()), *card.held_out.charts]
    if card.importances is not None:
        drawn.append(chart_html(card.importances))
    more = [
        _folded(f"{len(card.features)} features", facts_table((f.name, f.type) for f in card.features)),
        _folded("Trained on", facts_table(_lineage(card))),
        _folded(f"{len(card.options)} options", facts_table(card.options.items())),
        _folded("Artifact", facts_table(_artifact(card))),
    ]
    said = note(f"Metrics of {card.held_out.of}.") if card.held_out is not None else note("It was not evaluated here.")
    return tag("div", head, *warnings, pictures(drawn), said, *more)


def card_markdown(card: ModelFacts) -> str:
    """The card as markdown, without pictures and options."""
    parts = [f"**{markdown_cell(card.name)}** version {card.version}\n", markdown_table(["", "value"], _facts(card))]
    if card.metrics:
        parts.append(markdown_table(["metric", "value"], card.metrics.items()))
    parts.append(markdown_table(["feature", "type"], ((f.name, f.type) for f in card.features)))
    return "\n".join(parts)


def card_text(card: ModelFacts) -> str:
    """The card as lines of text."""
    facts = [("model", f"{card.name}@{card.version}"), *_facts(card), *card.metrics.items()]
    facts += [(f"warning {rule}", message) for rule, message in card.warnings]
    widest = max(len(name) for name, _ in facts)
    return "\n".join(f"{name:<{widest}}  {_number_text(value)}" for name, value in facts)


def _number_text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _folded(title: str, content: str) -> str:
    """What is shown when it is asked for."""
    return tag("details", tag("summary", escape(title), css=FAINT), content)


def _facts(card: ModelFacts) -> list[tuple[str, str]]:
    kinds = f"{card.label_type}, one of {_listed(card.classes, _CLASSES)}" if card.classes else card.label_type
    found = [
        ("database", f"{card.catalog}.{card.schema}"),
        ("model type", f"{card.model_type} ({card.task})"),
        ("label", f"{card.label} ({kinds})" if card.label else ""),
        ("features", _listed([f.name for f in card.features], _FEATURES)),
        ("training rows", _rows_of(card)),
        ("partitions", ", ".join(f"{count:,} {status.lower()}" for status, count in card.partitions.items())),
        ("aliases", ", ".join(card.aliases)),
        ("tags", _pairs(card.tags)),
        ("tags of the model", _pairs(card.model_tags)),
        ("comment", card.comment or ""),
        ("owner", card.owner or ""),
        ("created", f"{card.facts.get('created_at')} UTC by {card.facts.get('created_by')}"),
    ]
    return [(name, value) for name, value in found if value]


def _rows_of(card: ModelFacts) -> str:
    """How many rows it was fitted to, and how many were left out of that."""
    if card.held_out is None and not int(card.facts.get("training_rows") or 0):
        return ""
    counts = [(key, int(card.facts.get(f"{key}_rows") or 0)) for key in ("training", "evaluation", "dropped")]
    names = {"training": "fitted", "evaluation": "held out", "dropped": "without a label"}
    return ", ".join(f"{count:,} {names[key]}" for key, count in counts if count or key == "training")


def _lineage(card: ModelFacts) -> list[tuple[str, str]]:
    found = [("query", card.facts.get("training_query") or "")]
    found += [(f"from {name}", columns) for name, columns in card.sources.items()]
    return [(name, value) for name, value in [*found, *(("used by", d) for d in card.dependents)] if value]


def _artifact(card: ModelFacts) -> list[tuple[str, str]]:
    names = ("format", "size_bytes", "sha256", "library_versions", "seconds")
    return [(name, value) for name in names if (value := card.facts.get(name))]


def _pairs(values: dict[str, str]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in values.items())


def _listed(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return short(", ".join(names[:most]) + more)
