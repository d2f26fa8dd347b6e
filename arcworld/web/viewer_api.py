"""What a viewer has open (runs, recordings, analyses, games) and the requests it answers.

Every method runs in the worker's thread, checks what a page sent, and returns plain JSON types or
raises an `ArcworldError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import ACTION_IDS, CLICK, SIDE, Action, game_name
from arcworld.web.analysis import Analyst
from arcworld.web.paired_session import MakePlayer, PairedSession
from arcworld.web.recording_view import Library
from arcworld.web.tabs import Tabs, paired_view, predictions_view, step_view
from arcworld.web.viewed_models import ViewedModel

AT_ONCE = 64
"""Steps in one answer."""

type Asked = Mapping[str, Any]
"""What a page sent: JSON, or the query of the address."""


@dataclass(eq=False)
class ViewerApi:
    """What one `arcworld view` shows.

    Attributes:
        runs: models of runs, or the online model; the first is played with, others are compared.
        library: recordings to replay.
        out: where recordings of play are written.
        games: folder of games (code that is executed), None for the project's own.
        game: the game that a page opens first.
        make_player: makes the agent that plays; None: the one that suits the first model.
    """

    runs: Sequence[ViewedModel]
    library: Library
    out: Path
    games: Path | None = None
    game: str | None = None
    make_player: MakePlayer | None = None
    tabs: Tabs = field(default_factory=Tabs)
    analyst: Analyst = field(default_factory=Analyst)

    def __post_init__(self) -> None:
        with Toolkit(self.games) as toolkit:
            ids = toolkit.games()
        self.names = sorted({game_name(game) for game in ids}) if self.games is None else ids
        if self.game is not None and self.game not in {*self.names, *ids}:
            raise ArcworldError(f"no game {self.game!r}; {did_you_mean(self.game, self.names)}")

    def about(self, asked: Asked) -> dict[str, Any]:
        """Names of runs, recordings and games."""
        runs = [
            {"id": i, "name": run.name, "scheme": run.scheme}
            | {"learns": run.learns, "labels": list(run.labels)}
            for i, run in enumerate(self.runs)
        ]
        game = self.game or self.names[0]
        recordings = self.library.as_view()
        return {"runs": runs, "recordings": recordings, "games": self.names, "game": game}

    def recording(self, asked: Asked) -> dict[str, Any]:
        """The steps of a recording."""
        recording_view = self.library.recording_view(_number(asked, "recording"))
        guid = recording_view.episodes[0].guid
        return recording_view.as_view() | {"trained": [run.trained_on(guid) for run in self.runs]}

    def animation(self, asked: Asked) -> dict[str, Any]:
        """The grids of one step."""
        recording_view = self.library.recording_view(_number(asked, "recording"))
        return {"grids": recording_view.animation(_number(asked, "step"))}

    def analysis(self, asked: Asked) -> dict[str, Any]:
        """A run's predictions for some steps of a recording, and the surprise curve so far."""
        recording, run = _number(asked, "recording"), _number(asked, "run")
        if not 0 <= run < len(self.runs):
            raise ArcworldError(f"no run {run}; there are {len(self.runs)}")
        recording_view = self.library.recording_view(recording)
        analysis = self.analyst.of((recording, run), self.runs[run], recording_view)
        first = _number(asked, "from")
        last = min(_number(asked, "to"), first + AT_ONCE)
        return analysis.ask(first, last) | {"curve": analysis.curve()}

    def new(self, asked: Asked) -> dict[str, Any]:
        """Open a game, with the world model beside it."""
        game = str(asked.get("game", ""))
        if game not in self.names:
            raise ArcworldError(f"no game {game[:40]!r}; {did_you_mean(game[:40], self.names)}")
        paired = PairedSession(self.runs[0], game, self.games, 0, self.out, self.make_player)
        return {"id": self.tabs.open(paired)} | paired_view(paired)

    def step(self, asked: Asked) -> dict[str, Any]:
        """One action, in both or in the world model only."""
        paired = self._paired(asked)
        where = asked.get("where", "both")
        if where not in ("both", "dream"):
            raise ArcworldError("`where` is neither both nor dream")
        paired.step(_action(asked.get("action")), where)
        return paired_view(paired, since=len(paired.line) - 1)

    def agent(self, asked: Asked) -> dict[str, Any]:
        """One action that the agent chooses."""
        paired = self._paired(asked)
        paired.agent_step()
        return paired_view(paired, since=len(paired.line) - 1)

    def resync(self, asked: Asked) -> dict[str, Any]:
        """Set the world model back to the game's actual frame."""
        paired = self._paired(asked)
        paired.resync()
        return paired_view(paired)

    def fork(self, asked: Asked) -> dict[str, Any]:
        """Go back to an earlier step; the later ones become the other branch."""
        paired = self._paired(asked)
        paired.fork(_number(asked, "at"))
        return paired_view(paired)

    def switch_branch(self, asked: Asked) -> dict[str, Any]:
        """Switch to the branch that the last fork left."""
        paired = self._paired(asked)
        paired.switch_branch()
        return paired_view(paired)

    def paired_step(self, asked: Asked) -> dict[str, Any]:
        """An earlier step of the line."""
        paired, at = self._paired(asked), _number(asked, "at")
        if not 0 <= at < len(paired.line):
            raise ArcworldError(f"no step {at}; expected 0 to {len(paired.line) - 1}")
        return step_view(paired.line[at])

    def predictions(self, asked: Asked) -> dict[str, Any]:
        """The model's scores of the actions in the game's current frame."""
        return predictions_view(self._paired(asked))

    def record(self, asked: Asked) -> dict[str, Any]:
        """Begin or end a recording of the game."""
        paired = self._paired(asked)
        if asked.get("on") is True:
            paired.start_recording()
        else:
            paired.stop_recording()
        return paired_view(paired)

    def close(self, asked: Asked) -> dict[str, Any]:
        """The tab was closed."""
        self.tabs.close(str(asked.get("id", "")))
        return {}

    def _paired(self, asked: Asked) -> PairedSession:
        return self.tabs.paired(str(asked.get("id", "")))


def _number(asked: Asked, name: str) -> int:
    """A whole number that a page sent.

    >>> _number({"at": "12"}, "at")
    12
    """
    value = asked.get(name)
    text = str(value)[:12]
    if isinstance(value, bool) or not text.isascii() or not text.isdigit():
        raise ArcworldError(f"`{name}` is {text!r}; expected a whole number")
    return int(text)


def _action(value: Any) -> Action:
    """An action that a page sent as [id, x, y].

    >>> _action([6, 64, 0])
    Traceback (most recent call last):
    ...
    arcworld.errors.ArcworldError: a click at x=64, y=0 is outside; expected 0 to 63
    """
    row = cast(list[Any], value) if isinstance(value, list) else []
    if len(row) != 3 or not all(type(part) is int for part in row) or row[0] not in ACTION_IDS:
        raise ArcworldError("that is no action; expected [id, x, y] with an id from 0 to 7")
    kind, x, y = row
    if kind == CLICK and not (0 <= x < SIDE and 0 <= y < SIDE):
        raise ArcworldError(f"a click at x={x}, y={y} is outside; expected 0 to {SIDE - 1}")
    return Action(CLICK, x, y) if kind == CLICK else Action(kind)
