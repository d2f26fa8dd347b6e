"""Import the official package `arc_agi` without its side effects on the process.

The package loads `./.env`, prints to the terminal, reads six environment variables, and turns
errors into log lines. This module hides all of that from the caller.

Each variable, with the toolkit's own use of it in brackets:

- `OPERATION_MODE` (overrides the constructor if "competition", or if the constructor says normal):
  ignored; the mode is an argument.
- `ONLY_RESET_LEVELS` (read at every RESET; then the first RESET is no full one, and the scorecard
  is empty): hidden while the engine resets.
- `ARC_API_KEY`: read only in the modes that use the network, and only without an `api_key`.
- `ARC_BASE_URL`, `ENVIRONMENTS_DIR`, `RECORDINGS_DIR`: ignored; they are arguments.
- `./.env` and `./.env.example` (loaded into the process at import): not loaded.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import threading
import time
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from arcworld.recordings.discovery import walk_files

_HIDDEN = (
    "OPERATION_MODE",
    "ONLY_RESET_LEVELS",
    "ARC_API_KEY",
    "ARC_BASE_URL",
    "ENVIRONMENTS_DIR",
    "RECORDINGS_DIR",
)
_NO_DOTENV = "PYTHON_DOTENV_DISABLED"
PAUSE = 0.25
_PASSING = re.compile(r"\b(429|5\d\d) \w+ Error|status=(429|5\d\d)|Timeout|ConnectionError")
_environment_lock = threading.RLock()


def import_toolkit() -> ModuleType:
    """Import the package `arc_agi` so that it reads no `.env` and never prints."""
    with hidden_environment():
        before = os.environ.get(_NO_DOTENV)
        os.environ[_NO_DOTENV] = "1"
        try:
            arc_agi = importlib.import_module("arc_agi")
        finally:
            _restore({_NO_DOTENV: before})
    _silence(logging.getLogger("arc_agi.scorecard"))
    return arc_agi


@contextmanager
def hidden_environment() -> Generator[None]:
    """Unset the toolkit's environment variables inside the context; one thread at a time."""
    with _environment_lock:
        before = {name: os.environ.pop(name, None) for name in _HIDDEN}
        try:
            yield
        finally:
            _restore(before)


def _restore(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _silence(logger: logging.Logger) -> None:
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False
    logger.setLevel(logging.ERROR)


class LogCapture(logging.Handler):
    """Handler that keeps, for each thread, the first warning or error since the last `take`.

    The first is kept because the toolkit continues after an error and then logs its consequences.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._captured = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record as one line; not its traceback, which would keep the game in memory."""
        if hasattr(self._captured, "line"):
            return
        error = record.exc_info[1] if record.exc_info else None
        text = record.getMessage() if error is None else describe_error(error) + _body_of(error)
        self._captured.line = " ".join(text.split())

    def take(self, otherwise: str = "no reason was logged") -> str:
        """Return and forget the first line of this thread since the last call."""
        line: str = getattr(self._captured, "line", otherwise)
        self._captured.__dict__.pop("line", None)
        return line


def _body_of(error: BaseException) -> str:
    """Text of a service's response, beside its status."""
    response = getattr(error, "response", None)
    return "" if response is None else f": {response.text[:200]}"


def may_pass(reason: str) -> bool:
    """Whether a service's fault is temporary, so that another try may succeed.

    >>> may_pass("HTTPError: 429 Client Error: TOO MANY REQUESTS for url: ...")
    True
    >>> may_pass("HTTPError: 401 Client Error: UNAUTHORIZED for url: ...")
    False
    """
    return _PASSING.search(reason) is not None


def wait(turn: int) -> None:
    """Sleep before a service is asked again: `PAUSE` seconds, doubled each turn (from 0)."""
    time.sleep(PAUSE * 2**turn)


def quiet_logger(log_capture: LogCapture) -> logging.Logger:
    """Return a logger outside the logging tree that writes only to `log_capture`."""
    logger = logging.Logger("arcworld.toolkit", logging.WARNING)
    logger.addHandler(log_capture)
    return logger


def describe_error(error: BaseException) -> str:
    """Describe an exception in one line, with the line of the game's source that raised it.

    >>> describe_error(KeyError("door"))
    "KeyError: 'door'"
    """
    text = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, SyntaxError):
        return text
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == "<string>"
    ]
    return f"line {lines[-1]}: {text}" if lines else text


@dataclass(frozen=True, slots=True)
class GameFolders:
    """The games below a folder.

    Attributes:
        found: the toolkit's `EnvironmentInfo` of each game; each id once.
        problems: one line for each folder that cannot be used.
    """

    found: tuple[Any, ...]
    problems: tuple[str, ...]

    @classmethod
    def scan(cls, folder: Path) -> GameFolders:
        """Read every `metadata.json` below `folder`, sorted by path; links are followed.

        The toolkit's own scan follows the order of the disk, logs what it cannot read, and lets two
        folders have the same id.
        """
        models = importlib.import_module("arc_agi.models")
        found: dict[str, Any] = {}
        problems: list[str] = []
        files = walk_files(folder, lambda path, why: problems.append(f"{path}: {why}"))
        for path in sorted(file for file in files if file.name == "metadata.json"):
            try:
                info = models.EnvironmentInfo.model_validate_json(path.read_bytes())
            except (OSError, ValueError) as error:
                problems.append(f"{path}: not a game's metadata: {_first_fault(error)}")
                continue
            info.local_dir = str(path.parent)
            first = found.setdefault(info.game_id, info)
            if first is not info:
                problems.append(f"{path}: game {info.game_id} again, first in {first.local_dir}")
        return cls(tuple(found.values()), tuple(problems))


def _first_fault(error: OSError | ValueError) -> str:
    """The first of pydantic's findings in one line."""
    findings = getattr(error, "errors", None)
    if not callable(findings):
        return describe_error(error)
    first: dict[str, Any] = findings()[0]  # type: ignore[index]
    field = ".".join(str(part) for part in first["loc"])
    return f"{field}: {first['msg']}" if field else str(first["msg"])
