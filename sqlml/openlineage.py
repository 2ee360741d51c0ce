"""What lineage has recorded as OpenLineage events, to a file or to a server that takes them (Marquez, DataHub, ...).

It needs the extra `openlineage`: its client has the classes of the standard's schema, and the transports.
"""

from __future__ import annotations

import datetime
import importlib.util
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlml.errors import InvalidOption, NotSupported

if TYPE_CHECKING:
    from sqlml.connection import Connection

PRODUCER = "https://pypi.org/project/sqlml/"
# The namespaces of the standard: of files, and of what is in a database.
_FILES, _DATABASE = "file", "duckdb"
_EVENTS = """
SELECT event_id, entity_id, event_time, created_by, target_table_full_name, target_path, target_column_name,
       source_table_full_name, source_path, source_column_name, entity_metadata.source_version,
       entity_metadata.target_version
FROM (FROM system.access.column_lineage
      UNION ALL BY NAME FROM system.access.table_lineage) AS all_of_it
WHERE event_time >= ?
ORDER BY event_time, event_id, target_column_name, source_table_full_name, source_path, source_column_name
"""


def events(con: Connection, *, since: datetime.datetime | None = None, namespace: str = _DATABASE) -> Iterator[Any]:
    """Two events, START and COMPLETE, for each statement that wrote, the oldest first.

    `since` is in UTC. Raises NotSupported without the extra, PermissionDenied to others than superusers.
    """
    _require()
    found = con.execute(_EVENTS, [since or datetime.datetime(1970, 1, 1)])
    rows: list[tuple[Any, ...]] = []
    for row in found:
        if rows and rows[-1][0] != row[0]:
            yield from _of_statement(rows, namespace)
            rows = []
        rows.append(row)
    if rows:
        yield from _of_statement(rows, namespace)


def export(con: Connection, to: str, *, since: datetime.datetime | None = None, namespace: str = _DATABASE) -> int:
    """Send the events to a file, a line each, or to the URL of a server; gives how many statements they are of.

    Raises InvalidOption for a file that is there already.
    """
    _require()
    from openlineage.client import OpenLineageClient

    client = OpenLineageClient(transport=_transport(to))
    sent = 0
    for event in events(con, since=since, namespace=namespace):
        client.emit(event)
        sent += 1
    return sent // 2


def _require() -> None:
    if importlib.util.find_spec("openlineage") is None:
        raise NotSupported("OpenLineage events need the extra openlineage.", hint="pip install 'sqlml[openlineage]'")


def _transport(to: str) -> Any:
    if to.startswith(("http://", "https://")):
        from openlineage.client.transport.http import HttpConfig, HttpTransport

        return HttpTransport(HttpConfig(url=to))
    if Path(to).exists():
        raise InvalidOption(f"There is a file {to} already.", hint="Choose another one, or remove it.")
    from openlineage.client.transport.file import FileConfig, FileTransport

    return FileTransport(FileConfig(log_file_path=to, append=True))


def _of_statement(rows: Sequence[tuple[Any, ...]], namespace: str) -> Iterator[Any]:
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import job_type_job, ownership_job

    event_id, statement, at, user, *target = rows[0][:6]
    sources = dict.fromkeys(_dataset(row[7], row[8], row[10], namespace) for row in rows)
    into = _dataset(target[0], target[1], rows[0][11], namespace)
    job = Job(
        namespace=namespace,
        name=f"{statement} {into[1]}",
        facets={
            "jobType": job_type_job.JobTypeJobFacet("BATCH", "SQLML", statement, producer=PRODUCER),
            "ownership": ownership_job.OwnershipJobFacet([ownership_job.Owner(user)], producer=PRODUCER),
        },
    )
    facets = {"columnLineage": made} if (made := _columns(rows, namespace)) is not None else {}
    time = at.replace(tzinfo=datetime.UTC).isoformat()
    for state in (RunState.START, RunState.COMPLETE):
        yield RunEvent(
            eventTime=time,
            eventType=state,
            run=Run(runId=str(uuid.UUID(event_id))),
            job=job,
            inputs=[InputDataset(*source) for source in sources],
            outputs=[OutputDataset(*into, facets=facets)],
            producer=PRODUCER,
        )


def _dataset(table: str | None, path: str | None, version: int | None, namespace: str) -> tuple[str, str]:
    if path is not None:
        return _FILES, path
    return namespace, f"{table}@{version}" if version is not None else str(table)


def _columns(rows: Sequence[tuple[Any, ...]], namespace: str) -> Any:
    from openlineage.client.facet_v2 import column_lineage_dataset as facet

    fields: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        column, source = row[6], row[9]
        if column is not None and source is not None:
            place = _dataset(row[7], row[8], row[10], namespace)
            fields[column].append(facet.InputField(*place, source, [facet.Transformation("DIRECT")]))
    if not fields:
        return None
    return facet.ColumnLineageDatasetFacet(
        {name: facet.Fields(inputs) for name, inputs in fields.items()}, producer=PRODUCER
    )
