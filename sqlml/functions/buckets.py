"""Buckets of numbers: what they are called, and the one a number falls into."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sqlml.templates import apart, fill, number, once, text

FORMATS = ("bucket_names", "bucket_ranges", "bucket_ranges_json")

# A whole number without its ".0", as BigQuery writes it.
_WRITTEN = """
SELECT CASE WHEN $x = trunc($x) AND abs($x) < 1e15::DOUBLE THEN $x::BIGINT::VARCHAR ELSE $x::VARCHAR END
"""
_NAME = "SELECT concat('bin_', $index)"
_RANGE = """
SELECT concat(CASE WHEN $low IS NULL THEN '(-inf' ELSE concat('[', $low) END, ', ', coalesce($high, '+inf'), ')')
"""
_JSON = """
SELECT concat('{"start": "', coalesce($low, '-Infinity'), '", "end": "', coalesce($high, 'Infinity'), '"}')
"""
# NULL for NULL, as the sum of NULLs is; how many points are not above x.
_INDEX = """
SELECT (1 + list_sum(list_transform($points, lambda sqlml_p: ($x >= sqlml_p)::BIGINT)))::BIGINT
"""
_BUCKET = "SELECT CASE WHEN isfinite($x) OR isinf($x) THEN $bucket END"


def constant_buckets(x: exp.Expr, points: list[float], output_format: str) -> exp.Expr:
    """`CASE WHEN x < 1 THEN 'bin_1' ...` for points that are known; NULL for NULL and NaN."""
    names = [_constant_name(points, index, output_format) for index in range(len(points) + 1)]

    def body(value: exp.Expr) -> exp.Expr:
        unknown = fill("SELECT $x IS NULL OR isnan($x)", {"x": value})
        case = exp.Case(ifs=[exp.If(this=unknown, true=exp.null())], default=text(names[-1]))
        for point, name in zip(points, names, strict=False):
            below = exp.LT(this=value.copy(), expression=number(point))
            case.append("ifs", exp.If(this=below, true=text(name)))
        return case

    return once(x, body)


def learned_buckets(x: exp.Expr, points: exp.Expr, output_format: str) -> exp.Expr:
    """The bucket of x between points that are an expression: a sorted list of DOUBLE."""

    def body(values: Mapping[str, exp.Expr]) -> exp.Expr:
        index = fill(_INDEX, values)
        if output_format == "bucket_names":
            bucket = fill(_NAME, {"index": index})
        else:
            low = fill("SELECT list_extract($points, $index - 1)", {**values, "index": index})
            high = fill("SELECT list_extract($points, $index)", {**values, "index": index})
            template = _RANGE if output_format == "bucket_ranges" else _JSON
            bucket = fill(template, {"low": fill(_WRITTEN, {"x": low}), "high": fill(_WRITTEN, {"x": high})})
        return fill(_BUCKET, {**values, "bucket": bucket})

    return apart({"x": x, "points": points}, body)


def _constant_name(points: list[float], index: int, output_format: str) -> str:
    if output_format == "bucket_names":
        return f"bin_{index + 1}"
    low = _written(points[index - 1]) if index else None
    high = _written(points[index]) if index < len(points) else None
    if output_format == "bucket_ranges":
        return ("(-inf" if low is None else f"[{low}") + f", {high or '+inf'})"
    return f'{{"start": "{low or "-Infinity"}", "end": "{high or "Infinity"}"}}'


def _written(point: float) -> str:
    return str(int(point)) if point.is_integer() and abs(point) < 1e15 else repr(point)
