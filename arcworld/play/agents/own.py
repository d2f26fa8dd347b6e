"""Agents that users bring: `module:Class`, or a name that an installed package registers.

A package registers agents as entry points of the group `arcworld.agents`. A class or function is
called with those of `seed`, `run` (an opened run) and `data` (a path) that its signature names.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from arcworld.errors import ArcworldError
from arcworld.play.agent import Agent, Decision
from arcworld.play.observation import Observation

GROUP = "arcworld.agents"
METHODS = ("begin", "choose_action", "observe")
EXPECTED = "expected a class or function that makes an agent (arcworld.play.agent.Agent)"

type Maker = Callable[..., Any]


def registered() -> dict[str, EntryPoint]:
    """Entry points of installed packages by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


def is_own(name: str) -> bool:
    """Whether a name is `module:Class` or registered by an installed package."""
    return ":" in name or name in registered()


def find_maker(name: str) -> Maker:
    """The class or function with a name.

    Raises:
        ArcworldError: it cannot be imported, or cannot be called.
    """
    place = name if ":" in name else registered()[name].value
    module, _, attribute = place.partition(":")
    try:
        found: Any = _import(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except Exception as error:  # an import runs any code
        raise ArcworldError(
            f"agent {name!r} cannot be imported ({_reason(error)}); expected module:Class; correct"
            " the name, or run where Python can import the module"
        ) from error
    if not callable(found):
        kind = type(found).__name__
        raise ArcworldError(f"agent {name!r} is of type {kind}; {EXPECTED}; name one")
    return found


def make_own(name: str, available: Mapping[str, Callable[[], Any]]) -> Agent:
    """A new agent of the user's.

    Args:
        name: see `find_maker`.
        available: what an agent can be made of by the parameter's name; called where it is named.

    Raises:
        ArcworldError: it cannot be imported or made, or has not an agent's methods.
    """
    maker = find_maker(name)
    given = {part: available[part]() for part in _parameters(maker) if part in available}
    try:
        agent = maker(**given)
    except ArcworldError:
        raise
    except Exception as error:
        raise ArcworldError(
            f"agent {name!r} cannot be made ({_reason(error)}); expected to call it with those of"
            f" {', '.join(available)} that its signature names; give other parameters defaults"
        ) from error
    missing = [part for part in METHODS if not callable(getattr(agent, part, None))]
    if missing:
        raise ArcworldError(f"agent {name!r} has no {', '.join(missing)}; {EXPECTED}; add them")
    return OwnAgent(name, agent)


class OwnAgent:
    """A user's agent; what it raises, or answers wrongly, becomes an error of one line."""

    def __init__(self, place: str, agent: Agent) -> None:
        self.place, self.agent = place, agent
        given = getattr(agent, "name", None)
        self.name = given if isinstance(given, str) and given else place

    def begin(self, observation: Observation) -> None:
        """See `Agent`."""
        with self._named_errors():
            self.agent.begin(observation)

    def choose_action(self, observation: Observation) -> Decision:
        """See `Agent`."""
        with self._named_errors():
            decision: Any = self.agent.choose_action(observation)
        if not isinstance(decision, Decision):
            kind = type(decision).__name__
            raise ArcworldError(
                f"agent {self.place!r} chose {kind}; expected arcworld.play.agent.Decision; return"
                " Decision(Action(...))"
            )
        return decision

    def observe(self, decision: Decision, observation: Observation) -> None:
        """See `Agent`."""
        with self._named_errors():
            self.agent.observe(decision, observation)

    @contextmanager
    def _named_errors(self) -> Generator[None]:
        try:
            yield
        except Exception as error:
            raise ArcworldError(
                f"agent {self.place!r} failed ({_reason(error)}); correct it there"
            ) from error


def takes_run(name: str) -> bool:
    """Whether an own agent is made of a run."""
    return "run" in _parameters(find_maker(name))


def source_digest(name: str) -> str:
    """A digest of the file that holds an own agent; empty where there is no such file."""
    try:
        source = inspect.getsourcefile(inspect.unwrap(find_maker(name)))
        return blake2b(Path(source or "").read_bytes(), digest_size=8).hexdigest()
    except (OSError, TypeError):
        return ""


def _reason(error: Exception) -> str:
    """An exception in one line, with the place where it was raised, unless that is the import."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    if "importlib" in frame.filename:
        return line
    return f"{line}, {Path(frame.filename).name}:{frame.lineno}"


def _parameters(maker: Maker) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(maker).parameters)
    except (TypeError, ValueError):
        return ()


def _import(module: str) -> Any:
    """A module of the search path or of the working folder."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    return importlib.import_module(module)
