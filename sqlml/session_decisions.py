"""Decisions on statements that come again: what a text was found to mean, and when that still holds.

Kept is what became of a closed query: one that names nothing outside of the file and the session's own temporary
objects, no file, and whose meaning no parameter, variable or setting changes. Where it is taken again, all that it
depends on is as it was:

- the text, the user, the role that is set and the one that SET SESSION AUTHORIZATION named;
- grants, filters, masks, tags, policies, and every table, view, macro, column and model of the file: they are those of
  one version of the committed catalog (engine_catalog_version.py), and outside of a transaction, where alone decisions
  are taken again, that is what a statement sees. DuckDB tells of every change, whoever made it; a change of access
  alters the catalog too (catalog/access.py: bump_version);
- the search path, settings, temporary objects and prepared statements of the session: nothing but rows was read or
  written on its connection since (engine_changes.py).

Values are no part of it: parameters are bound, `now()` and `random()` stay calls in the text that is sent.

The version is read as a statement begins. Between that and DuckDB's own look at the catalog another session may commit.
So after the statement was sent, and before its rows or its error are handed out, it is looked at again
(session_consistency.py): where no session has changed anything since, nor was about to, the statement saw the catalog
that it was decided for. Else the version is read once more, and if it is another one the rows are thrown away and the
statement is decided anew.

In a transaction the catalog is that of its snapshot, not the committed one, and every statement is decided on its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlml.types import ObjectName

_REMEMBERED = 512
# A text of megabytes, as generated INSERTs are, is not worth its place.
_LONGEST = 100_000


@dataclass(frozen=True)
class Situation:
    """What decides on a text besides the text: equal ones decide alike."""

    version: int
    user: str
    role: str | None
    change: object


@dataclass(frozen=True)
class Decision:
    """What is sent for a text: to DuckDB, or to the planner where something of ours is in it."""

    situation: Situation
    sent: str
    parameters: Sequence[str]
    is_ours: bool = False
    relations: frozenset[ObjectName] = frozenset()
    # What it names, for the audit log.
    objects: tuple[str, ...] = ()


class Decisions:
    """The decisions of a session, the latest ones by text."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Decision] = OrderedDict()

    def find(self, text: str, situation: Situation) -> Decision | None:
        """The decision on a text in this situation."""
        found = self._known.get(text)
        if found is None:
            return None
        if found.situation != situation:
            del self._known[text]
            return None
        self._known.move_to_end(text)
        return found

    def keep(self, text: str, decision: Decision) -> None:
        """Remember a decision; the one that was not needed for longest is forgotten."""
        if len(text) > _LONGEST:
            return
        self._known[text] = decision
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
