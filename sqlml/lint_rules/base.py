"""What a lint rule is: some rows of a model that is about to be trained in, warnings out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from sqlml.types import Feature, ModelWarning

if TYPE_CHECKING:
    import numpy.typing as npt

    from sqlml.lineage import LabelLineage
    from sqlml.preprocessing import Raw

# From fewer rows nothing is concluded.
FEWEST = 50


@dataclass(frozen=True)
class SampledFeature:
    """A feature of the sample: `all_rows` are its values in every training row, `held_out` in every row held out.

    Dates and times are seconds.
    """

    feature: Feature
    all_rows: Raw
    held_out: Raw
    size: int

    @cached_property
    def codes(self) -> npt.NDArray[Any]:
        """The sample as numbers: NaN, or -1 of a text, is NULL."""
        found: npt.NDArray[Any] = self.values[: self.size]
        return found

    @property
    def values(self) -> npt.NDArray[Any]:
        """The same of every training row."""
        from sqlml.preprocessing import Text

        found: npt.NDArray[Any] = self.all_rows.codes if isinstance(self.all_rows, Text) else self.all_rows
        return found

    @property
    def is_text(self) -> bool:
        """Whether the values are text, by their codes."""
        from sqlml.preprocessing import Text

        return isinstance(self.all_rows, Text)

    @cached_property
    def is_known(self) -> npt.NDArray[Any]:
        """Which rows of the sample are not NULL."""
        import numpy as np

        known: npt.NDArray[Any] = self.codes >= 0 if self.is_text else ~np.isnan(self.codes)
        return known

    @cached_property
    def order(self) -> npt.NDArray[Any]:
        """The rows of the sample by value, NULLs last (first of a text)."""
        import numpy as np

        return np.argsort(self.codes)

    @cached_property
    def distinct(self) -> int:
        """How many different values the sample has, NULL not counted."""
        import numpy as np

        if self.is_text:
            return int(np.count_nonzero(np.bincount(self.codes[self.is_known])))
        ordered = self.codes[self.order][: int(self.is_known.sum())]
        return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + 1 if len(ordered) else 0


@dataclass(frozen=True)
class Sample:
    """The rows that rules look at: the first training rows in canonical order, and what is known about all.

    `target` are positions into `classes` for a classifier, else numbers. `moments` are the values of the column that
    SEQ splits by where it is a date or timestamp, in seconds, NaN for NULL; `moments_are_days` if it is a date.
    """

    features: tuple[SampledFeature, ...]
    target: npt.NDArray[Any]
    all_targets: npt.NDArray[Any]
    classes: tuple[str, ...]
    label: str
    split_method: str
    split_column: str
    held_out_rows: int
    lineage: LabelLineage
    moments: npt.NDArray[Any] | None = None
    moments_are_days: bool = False

    @property
    def size(self) -> int:
        """How many rows are looked at."""
        return len(self.target)

    @property
    def training_rows(self) -> int:
        """How many rows train."""
        return len(self.all_targets)


class LintRule:
    """One rule of the linter. A subclass declares its name, and writes `check`."""

    name: ClassVar[str]

    def check(self, sample: Sample) -> Iterable[ModelWarning]:
        """The warnings about these rows."""
        raise NotImplementedError

    def warning(self, message: str, feature: Feature | None = None) -> ModelWarning:
        """A warning of this rule."""
        return ModelWarning(self.name, feature.name if feature else None, message)
