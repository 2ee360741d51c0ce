"""`ML.DISTANCE(v1, v2 [, 'COSINE'])`: how far two vectors are apart."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.arguments import arguments, choice, listed
from sqlml.functions.base import Call, Context, Preprocessing
from sqlml.functions.binding import kind_of
from sqlml.templates import fill

_KINDS = {
    "EUCLIDEAN": "SELECT list_distance($a, $b)",
    "MANHATTAN": """
        SELECT CASE WHEN list_distance($a, $b) IS NOT NULL
               THEN list_sum(list_transform($a, lambda sqlml_x, sqlml_i: abs(sqlml_x - list_extract($b, sqlml_i)))) END
    """,
    "COSINE": "SELECT list_cosine_distance($a, $b)",
}
_MAP = "SELECT map_from_entries($v)"
_KEYS = "SELECT list_sort(list_distinct(list_concat(map_keys($a), map_keys($b))), 'ASC', 'NULLS FIRST')"
_DENSE = "SELECT list_transform($keys, lambda sqlml_k: coalesce(map_extract_value($m, sqlml_k)::DOUBLE, 0))"


class MlDistance(Preprocessing):
    """The Euclidean, Manhattan or cosine distance of two lists of numbers of one length.

        SELECT ML.DISTANCE([1.0, 2.0], [2.0, 4.0], 'COSINE');
        SELECT ML.DISTANCE([('a', 1.0), ('b', 2.0)], [('b', 2.0)]);

    Becomes:

        list_cosine_distance([1.0, 2.0], [2.0, 4.0])

    A sparse vector is a list of pairs (name, number), matched by name; what is not in it is 0. NULL for NULL; the
    engine refuses lists of two lengths and a name that comes twice. Source: BigQuery ML, ML.DISTANCE.
    """

    name = "ml_distance"
    signature = "ML.DISTANCE(vector1, vector2 [, 'EUCLIDEAN' | 'MANHATTAN' | 'COSINE'])"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The distance, a DOUBLE."""
        given = arguments(call, ("vector1", "vector2", "type"), needed=2, signature=self.signature)
        kind = choice(given, "type", context, tuple(_KINDS), default="EUCLIDEAN")
        vectors = [given["vector1"], given["vector2"]]
        if any(_is_sparse(v, call, context) for v in vectors):
            return _sparse(vectors, kind)
        first, second = (listed(v, "DOUBLE", call, context) for v in vectors)
        return fill(_KINDS[kind], {"a": first, "b": second})


def _is_sparse(vector: exp.Expr, call: Call, context: Context) -> bool:
    if isinstance(vector, exp.Array) and vector.expressions:
        pair = vector.expressions[0]
        is_call = isinstance(pair, exp.Anonymous) and pair.name.casefold() in ("row", "struct_pack")
        return is_call or isinstance(pair, exp.Struct | exp.Tuple)
    kind = kind_of(vector, context, call.node, struct=False)
    return kind is not None and kind.startswith("STRUCT(") and kind.endswith("[]")


def _sparse(vectors: list[exp.Expr], kind: str) -> exp.Expr:
    first, second = (fill(_MAP, {"v": v}) for v in vectors)
    keys = fill(_KEYS, {"a": first, "b": second})
    dense = {name: fill(_DENSE, {"keys": keys, "m": m}) for name, m in (("a", first), ("b", second))}
    return fill(_KINDS[kind], dense)
