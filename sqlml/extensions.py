"""One registry class for everything that can be added: statements, functions, model types, UDFs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from typing import Generic, Protocol, TypeVar

from sqlml.errors import AlreadyExists, NotFound, nearest_hint


class Named(Protocol):
    """Anything with a SQL name."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class Registry(Generic[T]):
    """Built-in things from an explicit list, then third parties' from an entry point group, by name."""

    def __init__(self, what: str, group: str, built_in: Iterable[T]) -> None:
        self.what = what
        self._group = group
        self._things: dict[str, T] = {}
        self._searched = False
        for thing in built_in:
            self.add(thing)

    def add(self, thing: T) -> None:
        """Register a thing under its name.

        Raises AlreadyExists when the name is taken.
        """
        if thing.name in self._things:
            raise AlreadyExists(f'The {self.what} "{thing.name}" is registered twice.')
        self._things[thing.name] = thing

    def remove(self, name: str) -> None:
        """Forget the thing of that name."""
        del self._things[name]

    def get(self, name: str) -> T | None:
        """The thing of that name, compared without case."""
        return self._all().get(name.casefold())

    def find(self, name: str) -> T:
        """The thing of that name.

        Raises NotFound with the nearest known name.
        """
        thing = self.get(name)
        if thing is None:
            known = ", ".join(sorted(self._things))
            raise NotFound(
                f'There is no {self.what} "{name}".',
                hint=nearest_hint(name, self._things, otherwise=f"Known: {known}."),
            )
        return thing

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._all())

    def __iter__(self) -> Iterator[T]:
        return iter(self._all().values())

    def _all(self) -> dict[str, T]:
        if not self._searched:
            self._searched = True
            for point in entry_points(group=self._group):
                self.add(point.load()())
        return self._things
