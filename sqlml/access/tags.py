"""Conditions over tags, as policies have them: `has_tag('pii') AND NOT has_tag_value('pii', 'low')`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlglot import exp

from sqlml.access.names import fold
from sqlml.access.values import Access, Securable
from sqlml.dialect import parse, to_sql
from sqlml.errors import InvalidSql

_HINT = "Write has_tag('name'), has_tag_value('name', 'value'), AND, OR, NOT."
_ARGUMENTS = {"has_tag": 1, "has_tag_value": 2}


def condition_text(condition: exp.Expr) -> str:
    """A condition as it is kept.

    Raises InvalidSql where it asks for anything but tags.
    """
    holds(condition, {})
    return to_sql(condition)


def is_met(text: str, tags: Mapping[str, str]) -> bool:
    """Whether something with these tags meets a condition."""
    return holds(_read(text), tags)


@lru_cache(maxsize=512)
def _read(text: str) -> exp.Expr:
    return parse(text)


def holds(condition: exp.Expr, tags: Mapping[str, str]) -> bool:
    """Whether something with these tags meets a condition; every part of it is read, whatever the first says."""
    if isinstance(condition, exp.Paren):
        return holds(condition.this, tags)
    if isinstance(condition, exp.Not):
        return not holds(condition.this, tags)
    if isinstance(condition, exp.And | exp.Or):
        both = [holds(condition.this, tags), holds(condition.expression, tags)]
        return all(both) if isinstance(condition, exp.And) else any(both)
    given = condition.expressions if isinstance(condition, exp.Anonymous) else []
    name = fold(condition.name) if isinstance(condition, exp.Anonymous) else ""
    are_texts = all(isinstance(value, exp.Literal) and value.is_string for value in given)
    if _ARGUMENTS.get(name) != len(given) or not are_texts:
        raise InvalidSql("A policy asks for tags and nothing else.", hint=_HINT)
    tag = given[0].name
    return tag in tags and (len(given) == 1 or tags[tag] == given[1].name)


def tags_of(access: Access, on: Securable) -> Mapping[str, str]:
    """The tags of a thing with those of its schema and the catalog, nearer ones first; columns inherit none."""
    places = (on,) if on.kind == "COLUMN" else (on, *on.parents())
    found: dict[str, str] = {}
    for place in reversed(places):
        found.update(access.tags.get(place, {}))
    return found
