"""Dataclasses as canonical JSON and back: one text for one value, and nothing else is accepted.

It decides the form (UTF-8, sorted keys, no spaces, integers only) and refuses unknown, missing, doubled and mistyped fields.
What the fields may hold is decided by the dataclasses themselves, in `__post_init__`, by raising `Malformed`.
"""

import json
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class Malformed(ValueError):
    """The text or a value in it is not of the form that is written here; `where` names the field, never its content."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


def encode(value: Any) -> bytes:
    """The one JSON text of a dataclass of integers, booleans, strings, None, tuples and such dataclasses."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def decode(kind: type[T], text: bytes, *, most_bytes: int) -> T:
    """The value of `kind` whose text this is, octet for octet. Raises `Malformed`, and nothing else."""
    if len(text) > most_bytes:
        raise Malformed("text", "longer than allowed")
    try:
        plain = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError):
        raise Malformed("text", "no JSON of integers and strings") from None
    try:
        value: T = _typed(kind, plain, "text")
        canonical = encode(value)
    except UnicodeError:  # a lone surrogate has no UTF-8
        raise Malformed("text", "not Unicode") from None
    if canonical != text:
        raise Malformed("text", "not in canonical form")
    return value


def _no_float(_text: str) -> float:
    raise ValueError


_LEAVES = frozenset({str, int, bool})


def _plain(value: Any) -> Any:
    if value is None or type(value) in _LEAVES:
        return value
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _typed(kind: Any, plain: Any, where: str) -> Any:
    if kind in _LEAVES:  # nearly always
        if type(plain) is not kind:  # `bool` is an `int` to isinstance, and must not be one here
            raise Malformed(where, f"not of type {kind.__name__}")
        return plain
    origin = get_origin(kind)
    if origin is UnionType:
        inner = next(each for each in get_args(kind) if each is not NoneType)
        return None if plain is None else _typed(inner, plain, where)
    if origin is Literal:
        if not isinstance(plain, str) or plain not in get_args(kind):
            raise Malformed(where, "not one of the words allowed")
        return plain
    if origin is tuple:
        if not isinstance(plain, list):
            raise Malformed(where, "not a list")
        return tuple(_typed(get_args(kind)[0], each, f"{where}[{index}]") for index, each in enumerate(plain))
    return _filled(kind, plain, where)


def _filled(kind: Any, plain: Any, where: str) -> Any:
    types = _types_of(kind)
    if not isinstance(plain, dict) or plain.keys() != types.keys():
        raise Malformed(where, f"not an object of exactly {', '.join(sorted(types))}")
    return kind(**{name: _typed(types[name], plain[name], f"{where}.{name}") for name in types})


_TYPES: dict[type, dict[str, Any]] = {}


def _types_of(kind: type) -> dict[str, Any]:
    """`get_type_hints` costs more than all the rest, and a manifest holds thousands of segments."""
    if kind not in _TYPES:
        _TYPES[kind] = get_type_hints(kind)
    return _TYPES[kind]
