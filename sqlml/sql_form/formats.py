"""Which compiler writes an artifact of which format as SQL, and the cache of what was written."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from sqlml.features import all_inputs
from sqlml.sql_form.base import Margins, SqlForm, Target
from sqlml.sql_form.lightgbm_trees import lightgbm
from sqlml.sql_form.linear import linear
from sqlml.sql_form.naive_bayes import naive_bayes
from sqlml.sql_form.partitioned import partitioned
from sqlml.sql_form.writing import write
from sqlml.types import ModelVersion

# One line a format: a document and what the SQL is for, to margins or None.
FORMS: dict[str, Callable[[Mapping[str, Any], Target], Margins | None]] = {
    "lightgbm": lightgbm,
    "linear": linear,
    "naive_bayes": naive_bayes,
    "partitioned": lambda document, target: partitioned(document, target, FORMS),
}

_CACHED = 256


def margins_of(model: ModelVersion, document: Mapping[str, Any], *, is_portable: bool) -> Margins | None:
    """The margins of a verified artifact as trees; None where its format or size has none."""
    compiler = FORMS.get(model.format)
    # A number may be given as DOUBLE whatever it was trained on; a part of a date is a number or NULL.
    finite = frozenset(i.name for i in all_inputs(model.features) if i.kind == "calendar")
    return compiler(document, Target(finite, is_portable)) if compiler else None


def sql_form(model: ModelVersion, document: Mapping[str, Any]) -> SqlForm | None:
    """The SQL form of a verified artifact; None where its format or size has none."""
    margins = margins_of(model, document, is_portable=False)
    if margins is None:
        return None
    names = [i.name for i in all_inputs(model.features)]
    known = None if margins.known is None else write(margins.known, names)
    return SqlForm(margins, tuple(write(tree, names) for tree in margins.trees), known)


class FormCache:
    """SQL forms of this process by artifact and features, the least recently used dropped first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: OrderedDict[tuple[str, str], SqlForm | None] = OrderedDict()

    def get_or_write(self, model: ModelVersion, read: Callable[[], Mapping[str, Any]]) -> SqlForm | None:
        """The form of a model; its document is read only when it was not written yet."""
        key = (model.sha256, model.feature_signature)
        with self._lock:
            if key in self._forms:
                self._forms.move_to_end(key)
                return self._forms[key]
        form = sql_form(model, read()) if model.format in FORMS else None
        with self._lock:
            self._forms[key] = form
            while len(self._forms) > _CACHED:
                self._forms.popitem(last=False)
        return form


CACHE = FormCache()
