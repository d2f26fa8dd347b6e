"""A griffe extension: show the doctests of a docstring as code on the page of the Python API."""

from __future__ import annotations

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"((?:^>>> .*\n?)(?:^(?=\S).*\n?)*)", re.MULTILINE)
"""A prompt at the left margin and every line below it, up to an empty one."""


class DoctestBlocks(griffe.Extension):
    """Puts a fence around each example, which Markdown would take for a quotation."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Change the text of an object's docstring."""
        if obj.docstring is not None and ">>> " in obj.docstring.value:
            obj.docstring.value = EXAMPLE.sub(fenced, obj.docstring.value)


def fenced(found: re.Match[str]) -> str:
    """The example between fences, each on a line of its own."""
    return f"```pycon\n{found[1].rstrip()}\n```\n"
