"""`SHOW RUNS [IN [[catalog.]schema.]model] [LIKE 'experiment']`."""

from __future__ import annotations

from sqlglot import exp

from sqlml.statements.base import Context
from sqlml.statements.listing import Listing

_RUNS = """
SELECT __catalog AS catalog, m.schema_name AS schema, m.model_name AS model, r.version, e.name AS experiment,
       r.run_name, r.run_id, r.status, r.start_time, r.end_time,
       (SELECT map(list(p.key ORDER BY p.key), list(p.value ORDER BY p.key)) FROM sqlml.params AS p
        WHERE p.run_id = r.run_id AND NOT starts_with(p.key, 'asked.')) AS params,
       (SELECT map(list(t.key ORDER BY t.key), list(t.value ORDER BY t.key)) FROM sqlml.metrics AS t
        WHERE t.run_id = r.run_id AND t.key NOT IN ('loss', 'eval_loss', 'duration_ms')) AS metrics
FROM sqlml.runs AS r JOIN sqlml.models AS m ON m.model_id = r.model_id
LEFT JOIN sqlml.experiments AS e ON e.experiment_id = r.experiment_id
"""


class ShowRuns(Listing):
    """The training runs, as MLflow has them.

        SHOW RUNS IN main.churn LIKE 'weekly%';

    Columns: catalog, schema, model, version, experiment, run_name, run_id, status, start_time, end_time (UTC),
    params, metrics.
    LIKE compares the experiment.
    """

    name = "show_runs"
    shows = "RUNS"
    yields = True
    columns = {
        "catalog": "VARCHAR",
        "schema": "VARCHAR",
        "model": "VARCHAR",
        "version": "INTEGER",
        "experiment": "VARCHAR",
        "run_name": "VARCHAR",
        "run_id": "VARCHAR",
        "status": "VARCHAR",
        "start_time": "TIMESTAMP",
        "end_time": "TIMESTAMP",
        "params": "MAP(VARCHAR, VARCHAR)",
        "metrics": "MAP(VARCHAR, DOUBLE)",
    }
    named_by = "experiment"
    scopes = ("catalog", "schema", "model")
    order = ("start_time", "run_id")

    def rows(self, context: Context) -> exp.Query:
        """The query of all rows."""
        return self.from_catalogs(context, _RUNS)
