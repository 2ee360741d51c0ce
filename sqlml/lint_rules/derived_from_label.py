"""`derived_from_label`: `SELECT *, status = 'gone' AS churned FROM customers`."""

from __future__ import annotations

from collections.abc import Iterable

from sqlml.lineage import LabelLineage
from sqlml.lint_rules.base import LintRule, Sample
from sqlml.types import ModelWarning


class DerivedFromLabel(LintRule):
    """A feature whose expression reads every column that the label's expression reads, of the same row.

    Or several features that do together. Read from the text of the query alone, through its subqueries and CTEs, so
    that EXPLAIN CREATE MODEL tells it too.

    SELECT *, status = 'gone' AS churned FROM customers;
    """

    name = "derived_from_label"

    def check(self, sample: Sample) -> Iterable[ModelWarning]:
        """One warning a derived feature, or one for all that give the label away together."""
        return self.of_lineage(sample.lineage, sample.label)

    def of_lineage(self, lineage: LabelLineage, label: str) -> Iterable[ModelWarning]:
        """The same before there are rows."""
        values = ", ".join(lineage.values)
        for name in lineage.features:
            yield ModelWarning(
                self.name,
                name,
                f'The feature "{name}" is computed from {values}, as is the label "{label}": it gives the answer away. '
                "Leave it out.",
            )
        if lineage.together:
            names = ", ".join(f'"{name}"' for name in lineage.together)
            yield ModelWarning(
                self.name,
                None,
                f'The label "{label}" is computed from {values}, which the features {names} are too: together they '
                "give the answer away. Leave one of them out.",
            )
