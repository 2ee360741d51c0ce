"""The canonical order of rows: numpy's own stable sort of their mixed hashes, ties included."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sqlml.splitting import _argsort, _mixed, canonical_order

RNG = np.random.default_rng(0)
TIED = np.concatenate([RNG.integers(0, 2**34, 50_000), RNG.integers(0, 100, 500)]).astype(np.uint64)


@pytest.mark.parametrize(
    "ranks", [RNG.integers(0, 2**64, n, dtype=np.uint64) for n in (0, 1, 2, 1000)] + [TIED], ids=len
)
def test_the_sort_is_numpys(ranks: np.ndarray) -> None:
    np.testing.assert_array_equal(_argsort(ranks), np.argsort(ranks, kind="stable"))


def test_the_order_is_that_of_the_mixed_hashes() -> None:
    hashes = pa.array(TIED)
    np.testing.assert_array_equal(canonical_order(hashes, seed=3), np.argsort(_mixed(hashes, 3), kind="stable"))
