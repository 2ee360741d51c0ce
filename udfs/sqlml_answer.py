"""`sqlml_answer('ml_predict', 'churn', row, {options}, search_path, query) -> VARIANT`: a model's answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Answers = Callable[[str, Any, Any, Any, str, int], Any]


class SqlmlAnswer:
    """Asks a model by its name; `ml_predict` and its kin of sqlml.load call it.

    SELECT sqlml_answer('ml_predict', 'churn', c, NULL, current_setting('search_path'), current_query_id())
    FROM customers AS c;

    The name of the function, the search path and the number of the query are constants; a model is looked up once a
    query.
    """

    name = "sqlml_answer"
    takes = "answers"
    parameters = None
    returns = "VARIANT"
    has_side_effects = False

    def __init__(self, answers: Answers) -> None:
        """`answers(function, model, rows, options, search_path, query)` gives an Arrow array, one value a row."""
        self._answers = answers

    def __call__(self, function: Any, model: Any, rows: Any, options: Any, search_path: Any, query: Any) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        asked = [column[0].as_py() for column in (function, search_path, query)]
        is_one = pa.types.is_null(options.type) and len(pc.unique(model)) == 1
        keys = [] if is_one else list(zip(model.to_pylist(), map(repr, options.to_pylist()), strict=True))
        if len(set(keys)) <= 1:
            return self._ask(asked, model[0].as_py(), rows, options[0].as_py())
        # The rows of each model, then all in their order again.
        parts, places = [], []
        for key in dict.fromkeys(keys):
            own = [i for i, other in enumerate(keys) if other == key]
            parts.append(self._ask(asked, key[0], rows.take(pa.array(own)), options[own[0]].as_py()))
            places += own
        joined = pa.chunked_array(parts).combine_chunks() if len({p.type for p in parts}) == 1 else None
        if joined is None:
            raise ValueError(
                "The models of one call answer in different types: "
                f"{', '.join(sorted({str(p.type) for p in parts}))}.\n"
                "Hint: Ask them in calls of their own, and cast what they answer."
            )
        return joined.take(pc.sort_indices(pa.array(places)))

    def _ask(self, asked: list[Any], model: Any, rows: Any, options: Any) -> Any:
        function, search_path, query = asked
        return self._answers(function, model, rows, options, search_path, query)
