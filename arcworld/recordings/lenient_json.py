"""Read the needed fields of a row that a strict JSON parser refuses.

A recorder may write NaN, half a surrogate pair, broken UTF-8 or thousands of nested lists into
fields that are not needed here. Those fields are skipped without being parsed. The needed ones are
parsed by the standard library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_KEY = re.compile(rb"\s*(" + _STRING + rb")\s*:\s*", re.DOTALL)
_SCALAR = re.compile(_STRING + rb"|[^\s,\[\]{}\"]+", re.DOTALL)
_NESTING = re.compile(_STRING + rb"|[\[\]{}]", re.DOTALL)
_NEXT = re.compile(rb"\s*([,}])")
MAX_BRACKETS = 300_000
"""Limit on the brackets in a skipped value."""


class TooNestedError(ValueError):
    """A value has more than `MAX_BRACKETS` brackets."""


def members(text: bytes, wanted: Collection[str] | None = None) -> dict[str, bytes]:
    """Return the members of a JSON object as unparsed text; only those in `wanted`, if given.

    >>> members(b'{"a": [NaN, {}], "b": "x"}')
    {'a': b'[NaN, {}]', 'b': b'"x"'}

    Raises:
        ValueError: the text is not an object, is cut off, or is nested too deeply.
    """
    text = text.strip()
    if not text.startswith(b"{"):
        raise ValueError("no object")
    found: dict[str, bytes] = {}
    at = 1
    if text[at:].strip() == b"}":
        return found
    while True:
        key = _KEY.match(text, at)
        if key is None:
            raise ValueError("no key")
        end = _end(text, key.end())
        name = str(value(key.group(1)))
        if wanted is None or name in wanted:
            found[name] = text[key.end() : end]
        after = _NEXT.match(text, end)
        if after is None:
            raise ValueError("no end")
        at = after.end()
        if after.group(1) == b"}":
            break
    if text[at:].strip():
        raise ValueError("text after the end")
    return found


def value(text: bytes) -> object:
    """Parse a value with Python's parser, which allows NaN, lone surrogates and control characters.

    Raises:
        ValueError: the text is still not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text.decode("utf-8", "replace"), strict=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _end(text: bytes, start: int) -> int:
    """Return the index after the value that begins at `start`."""
    if text[start : start + 1] not in (b"[", b"{"):
        scalar = _SCALAR.match(text, start)
        if scalar is None:
            raise ValueError("no value")
        return scalar.end()
    depth = brackets = 0
    for found in _NESTING.finditer(text, start):
        mark = found.group()
        if mark[:1] == b'"':
            continue
        brackets += 1
        depth += 1 if mark in (b"[", b"{") else -1
        if depth == 0:
            return found.end()
        if brackets > MAX_BRACKETS:
            raise TooNestedError("too many brackets")
    raise ValueError("no end")
