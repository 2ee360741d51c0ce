"""`SHOW EXPERIMENTS [LIKE 'pattern']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.statements.base import Context
from sqlml.statements.listing import Listing

_EXPERIMENTS = """
SELECT __catalog AS catalog, e.name AS experiment, e.experiment_id,
       (SELECT count(*) FROM sqlml.runs AS r JOIN sqlml.models AS m ON m.model_id = r.model_id
        WHERE r.experiment_id = e.experiment_id) AS runs,
       e.creation_time AS created_at
FROM sqlml.experiments AS e
"""


class ShowExperiments(Listing):
    """The named experiments that runs belong to; `OPTIONS (experiment='weekly')` puts a run into one.

        SHOW EXPERIMENTS LIKE 'week%';

    Columns: catalog, experiment, experiment_id, runs, created_at (UTC).
    """

    name = "show_experiments"
    shows = "EXPERIMENTS"
    yields = True
    columns = {
        "catalog": "VARCHAR",
        "experiment": "VARCHAR",
        "experiment_id": "VARCHAR",
        "runs": "BIGINT",
        "created_at": "TIMESTAMP",
    }
    named_by = "experiment"
    scopes = ()
    order = ("catalog", "experiment")

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        found = self.from_catalogs(context, _EXPERIMENTS)
        if context.access.acting.is_superuser:
            return found
        # An experiment is known by the models in it.
        return exp.select("*").from_(found.subquery("known")).where(exp.column("runs") > 0)
