"""The toolkit's scorecard as plain, frozen numbers.

Knows the toolkit's `EnvironmentScorecard` by its attributes; counts and scores nothing itself.
A level scores min(115, 100 (human / actions)^2), weighted 1..n over the levels, and a game is
capped by the weight of the levels won: the toolkit computes that, from the baselines it knows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RunScore:
    """One run of a game, from a full reset on.

    `actions` counts every action sent, RESETs too, but the one that opened the run.
    `human_actions` holds -1 where the toolkit knows none; then the score is 0, as `message` says.
    `state` stays GAME_OVER after a RESET: the toolkit never takes it back before a WIN.
    """

    guid: str
    score: float
    levels_completed: int
    actions: int
    resets: int
    state: str
    level_actions: tuple[int, ...]
    level_scores: tuple[float, ...]
    human_actions: tuple[int, ...]
    message: str


@dataclass(frozen=True, slots=True)
class GameScore:
    """All runs of a game: the best score and levels of any, the actions of all."""

    game_id: str
    score: float
    levels_completed: int
    actions: int
    runs: tuple[RunScore, ...]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A scorecard by game. `official` is false where the service gave none and we counted."""

    card_id: str
    score: float
    levels_completed: int
    actions: int
    games: tuple[GameScore, ...]
    official: bool = True
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types, games by id."""
        entries: dict[str, Any] = asdict(self)
        entries["games"] = {game["game_id"]: game for game in entries["games"]}
        return entries

    def run_of(self, guid: str) -> RunScore | None:
        """The best run played under a guid (a full reset opens another under the same one)."""
        runs = [run for game in self.games for run in game.runs if run.guid == guid]
        return max(runs, key=lambda run: (run.score, run.levels_completed), default=None)


def read_scorecard(card: Any, *, official: bool = True, message: str = "") -> Scorecard:
    """An `EnvironmentScorecard` in our terms; None (nothing was played) is the empty one."""
    if card is None:
        return Scorecard("", 0.0, 0, 0, (), official, message or "no game was opened")
    games = tuple(_read_game(entry) for entry in card.environments if entry.runs)
    return Scorecard(
        card_id=str(card.card_id),
        score=float(card.score),
        levels_completed=sum(game.levels_completed for game in games),
        actions=sum(game.actions for game in games),
        games=games,
        official=official,
        message=message,
    )


def _read_game(entry: Any) -> GameScore:
    return GameScore(
        game_id=str(entry.id),
        score=float(entry.score),
        levels_completed=int(entry.levels_completed),
        actions=int(entry.actions),
        runs=tuple(_read_run(run) for run in entry.runs),
    )


def _read_run(run: Any) -> RunScore:
    return RunScore(
        guid=run.guid or "",
        score=float(run.score),
        levels_completed=int(run.levels_completed),
        actions=int(run.actions),
        resets=int(run.resets or 0),
        state=run.state.value if run.state else "NOT_PLAYED",
        level_actions=tuple(run.level_actions or ()),
        level_scores=tuple(run.level_scores or ()),
        human_actions=tuple(run.level_baseline_actions or ()),
        message=run.message or "",
    )
