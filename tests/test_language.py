"""Plain English: words that the project does not use, in documents, code, messages and pages.

Old entries of docs/LOG.md stay as they were written.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORDS = (
    r"foret(?:el|ol)\w*",
    r"untaken",
    r"lore",
    r"whoever",
    r"whence",
    r"by dice",
    r"came of",
    r"comes of it",
    r"had for nothing",
    r"in vain",
    r"in the mean\b(?! time)",
    r"so many",
    r"learnt",
    r"goes on(?! to)",
    r"knows no(?:thing of)?",
    r"anew",
    r"at hand",
    r"for ever",
    r"manieth",
    r"strayed",
)
"""What the field does not say, by regular expression; matched as whole words, in any case."""
PLAIN = re.compile(rf"\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)
NEW_IN_LOG = "2026-11-27"
"""Entries of docs/LOG.md from this day on are held to the list."""
EXEMPT = (
    "arcworld/models/storage/migrate.py",
    "tests/models/test_migrate.py",
    "tests/test_language.py",
)
"""Files that have names of version 0.1, or this list, as data."""


def tracked(*patterns: str) -> list[Path]:
    """Files of the working tree that git tracks or would add."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(
        [*listed, "--", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    )
    names = sorted(set(listing.stdout.split("\0")) - {""})
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def documents() -> list[Path]:
    found = tracked("*.md", "*.cff", "*.toml", "*.yml", "*.yaml", "scripts/*", "recipes/*", ".ci/*")
    found += tracked("examples/*")
    return [path for path in found if "weights" not in path.parts]


def sources() -> list[Path]:
    found = tracked("arcworld/*.py", "arcworld/*.html", "arcworld/*.js", "arcworld/*.css")
    found += tracked("arcworld/weights/*.md", "tests/*.py")
    return [path for path in found if str(path.relative_to(ROOT)) not in EXEMPT]


def held_part(path: Path) -> str:
    """The text of a file that the list holds for: of the log, the head and the new entries."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.name != "LOG.md":
        return text
    head, *entries = re.split(r"^(?=## \d{4}-\d\d-\d\d)", text, flags=re.MULTILINE)
    return head + "".join(entry for entry in entries if entry[3:13] >= NEW_IN_LOG)


def found_in(path: Path) -> list[str]:
    return [found[0] for found in PLAIN.finditer(held_part(path))]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a checkout")
def test_documents_use_plain_words() -> None:
    wrong = {str(path.relative_to(ROOT)): found_in(path) for path in documents()}
    assert {name: words for name, words in wrong.items() if words} == {}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a checkout")
def test_code_and_pages_use_plain_words() -> None:
    wrong = {str(path.relative_to(ROOT)): found_in(path) for path in sources()}
    assert {name: words for name, words in wrong.items() if words} == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the next frame, foretold by it", ["foretold"]),
        ("Lore and explorers", ["Lore"]),
        ("whoever plays; it is learnt by dice", ["whoever", "learnt", "by dice"]),
        ("Knows nothing of HTTP; knows no game", ["Knows nothing of", "knows no"]),
        ("what came of the action is learned anew", ["came of", "anew"]),
        ("The model explores and predicts on average.", []),
    ],
)
def test_the_list_finds_its_words(text: str, words: list[str]) -> None:
    assert [found[0] for found in PLAIN.finditer(text)] == words
