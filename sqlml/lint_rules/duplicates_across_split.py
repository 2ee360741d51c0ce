"""`duplicates_across_split`: the same features in a row that trains and in one that is held out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sqlml.lint_rules.base import FEWEST, LintRule, Sample, SampledFeature
from sqlml.preprocessing import Raw, Text
from sqlml.types import ModelWarning

Hashes = npt.NDArray[np.uint64]

_SHARE = 0.01
_FEWEST_MATCHES = 5
_TIMES = 5
_UNIQUE = 0.99
# Rows of each side that are looked for among all training rows, by up to so many of the features first.
_WANTED = 10_000
_FIRST = 3
_CANDIDATES = 100_000
_BITS = 20
_PIECE = 1 << 16
_GOLDEN, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


class DuplicatesAcrossSplit(LintRule):
    """Rows held out whose features are, all of them, those of a row that trains.

    At least 5 and 1% of the rows held out (of the first 10,000) have such a twin, and that is not because there are few
    values: training rows have a twin among themselves five times less often, or at least half of them differ and some
    feature is different in 99% of those that do.
    Rows that are alike in every column fall on the same side by AUTO_SPLIT and RANDOM.

    OPTIONS (data_split_method='CUSTOM', data_split_col='is_test') AS SELECT x, y, is_test FROM t;
    """

    name = "duplicates_across_split"

    def check(self, sample: Sample) -> Iterable[ModelWarning]:
        """At most one warning."""
        if sample.held_out_rows < _FEWEST_MATCHES or sample.training_rows < FEWEST:
            return
        held_out = min(sample.held_out_rows, _WANTED)
        training = min(sample.size, _WANTED)
        found = _twins(sample.features, training, held_out)
        if found is None:
            return
        inside, across = found
        if across < max(_FEWEST_MATCHES, _SHARE * held_out):
            return
        if across / held_out >= _TIMES * inside / training or _is_one_unique(sample.features, training):
            yield self.warning(
                f"{across:,} of {held_out:,} rows held out have the same features as a row that trains: the metrics "
                "are too good. Take each row once, or split by what the copies have in common "
                "(data_split_method='CUSTOM')."
            )


def _twins(features: Sequence[SampledFeature], training: int, held_out: int) -> tuple[int, int] | None:
    """How many of the first training rows and of the first rows held out have a twin among the training rows.

    None where the values are so few that most rows have twins.
    """
    telling = sorted(features, key=lambda f: -f.distinct)[:_FIRST]
    candidates = _candidates(telling, training, held_out)
    if candidates is None:
        return None
    found = _hashes([f.all_rows for f in features], candidates)
    rows, counts = np.unique(found, return_counts=True)
    own = _hashes([f.all_rows for f in features], slice(training))
    others = _hashes([f.held_out for f in features], slice(held_out))
    inside = int((counts[np.searchsorted(rows, own)] > 1).sum())
    place = np.searchsorted(rows, others).clip(0, len(rows) - 1)
    across = int((rows[place] == others).sum())
    return inside, across


def _is_one_unique(features: Sequence[SampledFeature], training: int) -> bool:
    """Whether most of the first training rows differ, and some feature is (almost) unique among those that do."""
    own = _hashes([f.all_rows for f in features], slice(training))
    _, different = np.unique(own, return_index=True)
    return len(different) * 2 >= training and any(
        len(np.unique(_bits(f.all_rows, different))) >= _UNIQUE * len(different) for f in features
    )


def _candidates(telling: Sequence[SampledFeature], training: int, held_out: int) -> npt.NDArray[Any] | None:
    """The training rows that have, in each of these features, a value that a row looked for may have; None for many."""
    filters = []
    for column in telling:
        is_wanted = np.zeros(1 << _BITS, dtype=bool)
        is_wanted[_slots(column.all_rows, slice(training))] = True
        is_wanted[_slots(column.held_out, slice(held_out))] = True
        filters.append((column.all_rows, is_wanted))
    found: list[npt.NDArray[Any]] = []
    count = 0
    # Piece by piece, for new memory costs more than to look at what is in it.
    for begin in range(0, len(telling[0].all_rows), _PIECE):
        rows: npt.NDArray[Any] | None = None
        for values, is_wanted in filters:
            passed = is_wanted[_slots(values, slice(begin, begin + _PIECE) if rows is None else rows)]
            rows = np.flatnonzero(passed) + begin if rows is None else rows[passed]
        assert rows is not None
        found.append(rows)
        count += len(rows)
        if count > _CANDIDATES:
            return None
    return np.concatenate(found)


def _slots(column: Raw, rows: Any) -> Hashes:
    """A few bits of a hash of each value."""
    slots: Hashes = _bits(column, rows) * _GOLDEN
    slots >>= np.uint64(64 - _BITS)
    return slots


def _bits(column: Raw, rows: Any) -> Hashes:
    values = column.codes[rows].astype(np.int64, copy=False) if isinstance(column, Text) else column[rows]
    bits: Hashes = values.view(np.uint64)
    return bits


def _hashes(columns: Sequence[Raw], rows: Any) -> Hashes:
    """A hash of these columns in these rows."""
    found: Hashes | None = None
    for column in columns:
        mixed = _bits(column, rows) * _GOLDEN
        found = mixed if found is None else (found ^ (found >> np.uint64(29))) * _SECOND + mixed
    assert found is not None
    return found
