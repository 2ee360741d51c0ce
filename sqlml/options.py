"""OPTIONS (...) to typed values: every option has a declared name, type, default and range."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

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
    enable_global_explain: bool = option(default=False, doc="Keep what ML.GLOBAL_EXPLAIN answers.")
    strict: bool = option(default=False, doc="Whether a warning is an error: nothing is trained then, nor stored.")
    experiment: str = option("", "The experiment that the run belongs to, made on first use.")
    run_name: str = option("", "A name for the run.")
    partition_by: tuple[str, ...] = option((), "The columns for each value of which a model of its own is trained.")
    seed: int = option(0, "Changes the random split and the random choices of the algorithm.", low=0, high=2**31 - 1)


@dataclass(frozen=True)
class InstanceWeightOptions:
    """What a model type whose training rows may count differently has."""

    instance_weight_col: str = option("", "The column that says how much a row counts in training; never a feature.")


@dataclass(frozen=True)
class ClassWeightOptions:
    """What a classifier whose classes may count differently has."""

    auto_class_weights: bool = option(
        default=False, doc="Weigh classes by rows / (rows of the class * number of classes)."
    )
    class_weights: tuple[tuple[str, float], ...] = option(
        (), "The weight of every class: [STRUCT('a', 0.2), STRUCT('b', 0.8)]."
    )

    def __post_init__(self) -> None:
        """Check options against one another."""
        if self.auto_class_weights and self.class_weights:
            raise InvalidOption("auto_class_weights and class_weights exclude each other.", hint="Keep one.")


@dataclass(frozen=True)
class WarmStartOptions:
    """What a model type that can go on learning has."""

    warm_start: bool = option(
        default=False, doc="Go on from the version that OR REPLACE replaces: same type, features and classes."
    )


# Options of BigQuery ML that this version knows; a model type that does not declare one does not have it.
LATER = (
    "auto_class_weights",
    "category_encoding_method",
    "class_weights",
    "data_split_test_fraction",
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
    if get_origin(kind) in (Union, UnionType):  # `int | None`
        kind = next(k for k in get_args(kind) if k is not type(None))
    if get_origin(kind) is Literal:
        choice = str(value).upper() if isinstance(value, str) else value
        if choice not in get_args(kind):
            known = ", ".join(map(str, get_args(kind)))
            hint = nearest_hint(str(value), map(str, get_args(kind)), otherwise=f"One of {known}.")
            raise InvalidOption(f'"{value}" is not a value of the option "{spec.name}".', hint=hint)
        return choice
    if get_origin(kind) is tuple:
        return _items(spec, kind, value)
    if get_origin(kind) is Mapping:
        return _struct(spec, kind, value)
    return _scalar(spec, kind, value)


def _items(spec: Field[Any], kind: Any, value: Any) -> Any:
    item = get_args(kind)[0]
    items = (value,) if isinstance(value, str) and item is str else value
    if not isinstance(items, list | tuple) or not items:
        raise _wrong(spec, kind, value)
    if item is str:
        if not all(isinstance(i, str) for i in items):
            raise _wrong(spec, kind, value)
        return tuple(items)
    if item is int:
        return tuple(_scalar(spec, int, i) for i in items)
    return tuple(_weight(spec, kind, i) for i in items)


def _weight(spec: Field[Any], kind: Any, value: Any) -> tuple[str, float]:
    """STRUCT('a', 0.2), whatever its fields are called: the text of a class, and its weight."""
    parts = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(parts, list) or len(parts) != 2 or not isinstance(parts[0], str | int):
        raise _wrong(spec, kind, value)
    name = str(parts[0]).lower() if isinstance(parts[0], bool) else str(parts[0])
    weight: float = _scalar(spec, float, parts[1])
    if not weight > 0:
        raise InvalidOption(f'The weight of the class "{name}" is {weight}.', hint="It must be > 0.")
    return name, weight


def _struct(spec: Field[Any], kind: Any, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(spec, kind, value)
    for key, item in value.items():
        if not isinstance(item, bool | int | float | str | None):
            raise InvalidOption(
                f'The field "{key}" of the option "{spec.name}" has the value {item!r}.',
                hint="It takes a number, a string, TRUE, FALSE or NULL.",
            )
        if isinstance(item, int | float) and not abs(item) <= _LARGEST[float]:
            raise InvalidOption(
                f'The field "{key}" of the option "{spec.name}" is infinite, NaN or far too large.',
                hint=f"It takes a number of at most {_LARGEST[float]:g}.",
            )
    return {str(key): item for key, item in value.items()}


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


def kind_in_words(kind: Any) -> str:
    """What values an option of this type takes."""
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        return "a list of " + {str: "strings", int: "whole numbers"}.get(item, "STRUCT('class', weight)")
    if get_origin(kind) is Mapping:
        return "a struct: {'name': value, ...}"
    return _KINDS.get(kind, str(kind))


_KINDS = {int: "a whole number", float: "a number", bool: "TRUE or FALSE", str: "a string"}


def _wrong(spec: Field[Any], kind: Any, value: Any) -> InvalidOption:
    wanted = kind_in_words(kind)
    return InvalidOption(f'The option "{spec.name}" has the value {value!r}.', hint=f"It takes {wanted}.")


def check_p_values(options: Any) -> None:
    """Refuse penalties where standard errors are asked for.

    Raises InvalidOption.
    """
    weighs = any(getattr(options, n, None) for n in ("instance_weight_col", "auto_class_weights", "class_weights"))
    if options.calculate_p_values and weighs:
        raise InvalidOption("calculate_p_values goes with no weights.", hint="Leave one of them out.")
    if options.calculate_p_values and (options.l1_reg or options.l2_reg):
        raise InvalidOption(
            "calculate_p_values needs l1_reg=0 and l2_reg=0.", hint="Penalised weights have no standard errors."
        )
