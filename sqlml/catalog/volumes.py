"""The volumes of a file: folders that files are read and written in."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sqlml.access.names import fold
from sqlml.access.values import Securable
from sqlml.catalog.access_objects import forget
from sqlml.catalog.cursor import Cursor, in_catalog, utc_now


@dataclass(frozen=True)
class Volume:
    """A folder under a name; times in UTC."""

    name: str
    path: str
    comment: str | None
    created_at: datetime.datetime
    created_by: str

    @property
    def securable(self) -> Securable:
        """What privileges on it are on."""
        return Securable.of("VOLUME", "", self.name)


def add_volume(cursor: Cursor, catalog: str, name: str, path: str, comment: str | None, created_by: str) -> None:
    """Store a volume; nothing that was granted on an earlier one of its name holds for it."""
    folded, owner = fold(name), created_by.casefold()
    forget(cursor, catalog, Securable("VOLUME", "", folded))
    cursor.rows(
        in_catalog("INSERT INTO sqlml.volumes VALUES (?, ?, ?, ?, ?, ?)", catalog),
        [folded, name, path, comment, utc_now(), owner],
    )
    cursor.rows(in_catalog("INSERT INTO sqlml.owners VALUES (?, '', ?, ?)", catalog), ["VOLUME", folded, owner])


def drop_volume(cursor: Cursor, catalog: str, on: Securable) -> None:
    """Forget a volume and what was granted on it; its files stay."""
    forget(cursor, catalog, on)
    cursor.rows(in_catalog("DELETE FROM sqlml.volumes WHERE folded_name = ?", catalog), [on.name])


def read_volumes(cursor: Cursor, catalog: str) -> list[Volume]:
    """All volumes by name."""
    sql = "SELECT name, path, comment, created_at, created_by FROM sqlml.volumes ORDER BY folded_name"
    return [Volume(*row) for row in cursor.rows(in_catalog(sql, catalog))]
