"""
Values of ours as JSON, to be told from a daemon to a program that knows what they are.

Both have the same classes, perhaps of different versions: a field that the reader does not
know is left out, and whoever misses one says so. Bytes are hexadecimal; one value of several
classes says which it is.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, NewType, Union, cast, get_args, get_origin, get_type_hints

CLASS = "is"
"""The field that names the class."""


def encode(value: object) -> Any:
    """A value as JSON: a dataclass, or what those are made of."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bytes):
        return value.hex()
    if is_dataclass(value) and not isinstance(value, type):
        told = {each.name: encode(getattr(value, each.name)) for each in fields(value)}
        return {CLASS: type(value).__name__, **told}
    if isinstance(value, Mapping):
        return [[encode(key), encode(each)] for key, each in value.items()]
    if isinstance(value, Sequence | Set) and not isinstance(value, str):
        return [encode(each) for each in value]
    return value


def decode(kind: Any, told: object) -> Any:
    """
    What was told, as a value of a kind.

    Raises:
        ValueError: It is none.
    """
    try:
        return _decode(kind, told)
    except (TypeError, KeyError, AttributeError) as problem:
        raise ValueError(f"that is no {kind}: {problem}") from None


def _decode(kind: Any, told: Any) -> Any:
    if isinstance(kind, NewType):
        return _decode(kind.__supertype__, told)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return _decode(_chosen(inner, told), told)
    if origin is tuple and inner[1:] == (Ellipsis,):
        return tuple(_decode(inner[0], each) for each in told)
    if origin is tuple:
        return tuple(_decode(each, part) for each, part in zip(inner, told, strict=True))
    if origin is frozenset:
        return frozenset(_decode(inner[0], each) for each in told)
    if origin is not None and issubclass(origin, Mapping):
        return {_decode(inner[0], key): _decode(inner[1], each) for key, each in told}
    if kind is bytes:
        return bytes.fromhex(told)
    if is_dataclass(kind):
        hints = _hints(cast("type", kind))
        known = {name: _decode(hints[name], told[name]) for name in hints if name in told}
        return cast("Any", kind)(**known)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind[told]
    if kind is float and type(told) is int:
        return float(told)
    if kind is types.NoneType:
        kind = type(None)
    if not isinstance(told, kind):
        raise TypeError(f"{told!r} is no {kind.__name__}")
    return told


def _chosen(kinds: tuple[Any, ...], told: Any) -> Any:
    """Which of several kinds something is of."""
    if told is None and types.NoneType in kinds:
        return types.NoneType
    rest = [each for each in kinds if each is not types.NoneType]
    if len(rest) == 1:
        return rest[0]
    for each in rest:
        if type(told) is each or (isinstance(told, dict) and told.get(CLASS) == each.__name__):
            return each
    raise ValueError(f"nobody here knows what {told!r} is")


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(cast("Any", kind))}
