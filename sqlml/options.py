"""OPTIONS (...) to typed values: every option has a declared name, type, default and range."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Literal, get_args, get_origin

from sqlml.errors import InvalidOption, NotSupported, nearest_hint


def option(
    default: Any, doc: str, *, low: float | None = None, above: float | None = None, high: float | None = None
) -> Any:
    """A dataclass field that is an option: its default, what it does, and its range."""
    return field(default=default, metadata={"doc": doc, "low": low, "above": above, "high": high})


Split = Literal["AUTO_SPLIT", "RANDOM", "CUSTOM", "SEQ", "NO_SPLIT"]


@dataclass(frozen=True)
class CommonOptions:
    """The options that every supervised model type has."""

    model_type: str = option("", "The algorithm.")
    input_label_cols: tuple[str, ...] = option(("label",), "The column to predict.")
    data_split_method: Split = option("AUTO_SPLIT", "How rows are held out for evaluation.")
    data_split_eval_fraction: float = option(0.2, "The share of rows held out by RANDOM and SEQ.", above=0, high=0.99)
    data_split_col: str = option("", "The column that CUSTOM and SEQ split by; it is never a feature.")
    strict: bool = option(default=False, doc="Whether a warning is an error: nothing is trained then, nor stored.")
    experiment: str = option("", "The experiment that the run belongs to, made on first use.")
    run_name: str = option("", "A name for the run.")
    seed: int = option(0, "Changes the random split and the random choices of the algorithm.", low=0, high=2**31 - 1)


# Options of BigQuery ML that this version knows and does not have.
LATER = (
    "auto_class_weights",
    "category_encoding_method",
    "class_weights",
    "data_split_test_fraction",
    "enable_global_explain",
    "hparam_tuning_algorithm",
    "hparam_tuning_objectives",
    "instance_weight_col",
    "kms_key_name",
    "max_parallel_trials",
    "model_registry",
    "num_trials",
    "vertex_ai_model_id",
    "vertex_ai_model_version_aliases",
    "warm_start",
)


def read_options(
    classes: Iterable[type[Any]], given: Mapping[str, Any], *, owner: str, not_supported: Iterable[str] = ()
) -> list[Any]:
    """Instances of the option dataclasses, each filled with the given values that are its own.

    Raises InvalidOption for an unknown name or a wrong type or value, NotSupported for a name that comes later.
    """
    classes = list(classes)
    known = {f.name: f for cls in classes for f in fields(cls)}
    values: dict[str, Any] = {}
    for written, value in given.items():
        name = written.casefold()
        if name in known:
            values[name] = _typed(known[name], _type_of(classes, name), value)
        elif name in LATER or name in not_supported:
            raise NotSupported(
                f'The option "{name}" is not supported for {owner} in this version.', hint="Leave it out."
            )
        else:
            hint = nearest_hint(name, known, otherwise=f"Known: {', '.join(sorted(known))}.")
            raise InvalidOption(f'{owner} has no option "{written}".', hint=hint)
    return [cls(**{f.name: values[f.name] for f in fields(cls) if f.name in values}) for cls in classes]


def _type_of(classes: list[type[Any]], name: str) -> Any:
    for cls in classes:
        hints = typing.get_type_hints(cls)
        if name in hints:
            return hints[name]
    raise AssertionError(name)


def _typed(spec: Field[Any], kind: Any, value: Any) -> Any:
    if value is None:
        if spec.default is MISSING:
            raise _wrong(spec, kind, value)
        return spec.default
    if get_origin(kind) is Literal:
        choice = str(value).upper() if isinstance(value, str) else value
        if choice not in get_args(kind):
            known = ", ".join(map(str, get_args(kind)))
            hint = nearest_hint(str(value), map(str, get_args(kind)), otherwise=f"One of {known}.")
            raise InvalidOption(f'"{value}" is not a value of the option "{spec.name}".', hint=hint)
        return choice
    if get_origin(kind) is tuple:
        items = (value,) if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not items or not all(isinstance(i, str) for i in items):
            raise _wrong(spec, kind, value)
        return tuple(items)
    if get_origin(kind) is not None:  # `int | None`
        kind = next(k for k in get_args(kind) if k is not type(None))
    return _scalar(spec, kind, value)


# Beyond these a number overflows in the libraries that train.
_LARGEST = {int: 2**31 - 1, float: 1e100}


def _scalar(spec: Field[Any], kind: Any, value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and kind in _LARGEST and not abs(value) <= _LARGEST[kind]:
        raise InvalidOption(
            f'The option "{spec.name}" is infinite, NaN or far too large.',
            hint=f"It takes {_KINDS[kind]} of at most {_LARGEST[kind]:g}.",
        )
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise _wrong(spec, kind, value)
    low, above, high = (spec.metadata.get(k) for k in ("low", "above", "high"))
    too_low = (low is not None and not value >= low) or (above is not None and not value > above)
    if too_low or (high is not None and not value <= high):
        bounds = [f">= {low}" if low is not None else "", f"> {above}" if above is not None else ""]
        bounds.append(f"<= {high}" if high is not None else "")
        wanted = " and ".join(b for b in bounds if b)
        raise InvalidOption(f'The option "{spec.name}" is {value}.', hint=f"It must be {wanted}.")
    return value


_KINDS = {int: "a whole number", float: "a number", bool: "TRUE or FALSE", str: "a string"}


def _wrong(spec: Field[Any], kind: Any, value: Any) -> InvalidOption:
    wanted = "a list of strings" if get_origin(kind) is tuple else _KINDS.get(kind, str(kind))
    return InvalidOption(f'The option "{spec.name}" has the value {value!r}.', hint=f"It takes {wanted}.")
