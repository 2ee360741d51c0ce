"""What a session does to the database that it opens: our functions on its instance, our tables in its file."""

from __future__ import annotations

import threading

from sqlml_udfs import UDFS

from sqlml.artifact_store import udf_sources
from sqlml.catalog.schema import migrate, schema_version
from sqlml.engine import Database, Engine
from sqlml.session_access import prepare_access
from sqlml.session_python import PythonFunctions

# Two threads that open the same new file would both write schema `sqlml`.
_preparing = threading.RLock()


def prepare_database(engine: Engine, shared: Database, python: PythonFunctions) -> tuple[str, int]:
    """Make a database ready; gives its name and the version of its schema `sqlml`, 0 where it has none."""
    with _preparing:
        shared.register_udfs(UDFS, udf_sources(shared))
        catalog = str(engine.rows("SELECT current_database()")[0][0])
        # A file that the user opened himself gets our tables with its first model.
        version = schema_version(engine, catalog) if shared.read_only or shared.is_loaded else None
        if not shared.read_only and version != 0:
            with engine.transaction():
                version = migrate(engine, catalog)
        if version:
            prepare_access(engine, catalog, version)
            python.open(catalog, version)
    return catalog, version or 0
