"""`ML.HASH_BUCKETIZE(s, 100)`: a bucket of a text by its hash."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.arguments import arguments, textual, whole
from sqlml.functions.base import Call, Context, Preprocessing
from sqlml.templates import fill

_HASH = "SELECT (md5_number_lower($x) >> 1)::BIGINT"


class MlHashBucketize(Preprocessing):
    """The remainder of a text's hash, from 0 to size - 1; the hash itself for size 0.

        SELECT ML.HASH_BUCKETIZE(city, 100) FROM customers;

    Becomes:

        (md5_number_lower(city) >> 1)::BIGINT % 100

    The hash is 63 bits of MD5: the same on every machine and in every version. BigQuery hashes otherwise
    (FarmHash), so the buckets have other numbers there. NULL for NULL. Source: BigQuery ML, ML.HASH_BUCKETIZE.
    """

    name = "ml_hash_bucketize"
    signature = "ML.HASH_BUCKETIZE(text, size)"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """The number of the bucket."""
        given = arguments(call, ("string_expression", "hash_bucket_size"), needed=2, signature=self.signature)
        size = whole(given, "hash_bucket_size", context, low=0, high=2**63 - 1)
        value = fill(_HASH, {"x": textual(given["string_expression"], call, context)})
        if size == 0:
            return value
        return fill("SELECT $hash % $size", {"hash": value, "size": exp.Literal.number(size)})
