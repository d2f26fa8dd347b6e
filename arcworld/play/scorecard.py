"""The toolkit's scorecard as frozen dataclasses.

All scores are computed by the toolkit, from the human baselines it knows. A level scores min(115,
100 (human / actions)^2). Levels are weighted 1 to n, and a game's score is capped by the weight of
the levels won.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RunScore:
    """One run of a game, from a full reset on.

    Attributes:
        actions: every action sent, RESETs included, except the one that opened the run.
        human_actions: human baseline of each level; -1 if the toolkit has none. Then the score is
            0, and `message` says so.
        state: stays GAME_OVER after a RESET; the toolkit changes it only to WIN.
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
    """All runs of a game: the best score and level count of any run, the actions of all runs."""

    game_id: str
    score: float
    levels_completed: int
    actions: int
    runs: tuple[RunScore, ...]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A scorecard by game.

    Attributes:
        official: false if the service returned none and the actions were counted here.
    """

    card_id: str
    score: float
    levels_completed: int
    actions: int
    games: tuple[GameScore, ...]
    official: bool = True
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types; games are keyed by id."""
        entries: dict[str, Any] = asdict(self)
        entries["games"] = {game["game_id"]: game for game in entries["games"]}
        return entries

    def run_of(self, guid: str) -> RunScore | None:
        """Return the best run with a guid; a full reset starts another run under the same guid."""
        runs = [run for game in self.games for run in game.runs if run.guid == guid]
        return max(runs, key=lambda run: (run.score, run.levels_completed), default=None)


def read_scorecard(card: Any, *, official: bool = True, message: str = "") -> Scorecard:
    """Convert an `EnvironmentScorecard`; None (nothing was played) gives an empty scorecard."""
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
