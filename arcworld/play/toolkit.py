"""The official toolkit made safe: games by name, sessions, one scorecard.

Knows `arc_agi.Arcade` and its traps (see `official` for the environment, `game_session` for play);
knows no agent. Nothing uses the network unless `mode` says so, nothing is printed, and what the
toolkit turns into None becomes an `ArcworldError` with its reason.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from weakref import WeakSet

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.play.game_session import GameSession, first_fault
from arcworld.play.observation import IllegalActionError, Observation, ToolkitError
from arcworld.play.scorecard import GameScore, RunScore, Scorecard, read_scorecard
from arcworld.play.toolkit_compat import (
    GameFolders,
    LogCapture,
    describe_error,
    hidden_environment,
    import_toolkit,
    may_pass,
    quiet_logger,
    wait,
)
from arcworld.recordings.episode import game_name

__all__ = [
    "OWN_GAMES",
    "GameScore",
    "GameSession",
    "IllegalActionError",
    "Observation",
    "RunScore",
    "Scorecard",
    "Toolkit",
    "ToolkitError",
]

Mode = Literal["offline", "normal", "online", "competition"]
OWN_GAMES = Path(__file__).resolve().parent.parent / "games" / "environment_files"
"""The project's own games."""
SERVICE = "https://three.arcprize.org"
TRIES_TO_OPEN = 5
"""How often a service that is busy is asked to open a game."""


class Toolkit:
    """Games to open and the scorecard they share.

    Args:
        games: a folder with games in the toolkit's layout (`<name>/<version>/metadata.json`
            beside the source); None is the project's own. "normal" also downloads into it.
        mode: "offline" (no network at all), "normal" (download, play here), "online" (play on
            the service), "competition" (the same, each game once, no full reset).
        api_key: for the modes that use the network; None is `ARC_API_KEY`, else the service
            gives an anonymous one ("competition" takes none such).
        recordings: a folder where the toolkit writes recordings of its own; None: it does not.
        base_url: the service, or a server of the toolkit's own.

    Raises:
        ArcworldError: there is no game, or the service cannot be reached.
    """

    def __init__(
        self,
        games: Path | None = None,
        mode: Mode = "offline",
        api_key: str | None = None,
        recordings: Path | None = None,
        *,
        base_url: str = SERVICE,
    ) -> None:
        if mode == "normal" and games is None:
            raise ArcworldError('mode "normal" downloads games; give the folder: games=...')
        self.mode: Mode = mode
        self.folder = None if mode in ("online", "competition") else (games or OWN_GAMES)
        self._recordings = recordings
        self._log_capture = LogCapture()
        self._sessions: WeakSet[GameSession] = WeakSet()
        self._closed: Scorecard | None = None
        self._card_id: str | None = None
        key = "" if mode == "offline" else (api_key or os.environ.get("ARC_API_KEY", ""))
        if mode == "competition" and not key:
            raise ArcworldError("competition needs a key: give api_key or set ARC_API_KEY")
        self._arcade = self._start(key, base_url)
        self.problems: tuple[str, ...] = ()
        if self.folder is not None:
            self._take_games(self.folder)
        if not self._arcade.available_environments:
            raise ArcworldError(self._no_games(base_url))

    def games(self) -> list[str]:
        """Full ids, sorted."""
        return sorted(info.game_id for info in self._arcade.available_environments)

    def human_actions(self, game: str) -> tuple[int, ...]:
        """The human baseline of each level of a game; empty where there is none.

        Raises:
            ArcworldError: no such game.
        """
        return tuple(self._find(game).baseline_actions or ())

    def open(self, game: str, seed: int = 0) -> GameSession:
        """Start a run of a game, by its name (the newest version) or its full id.

        Raises:
            ArcworldError: no such game, or one that cannot be loaded (names the folder and line).
        """
        if self._closed is not None:
            raise ArcworldError(f"cannot open {game!r}: this toolkit is closed; make another")
        info = self._find(game)
        wrapper, fault = self._make_patiently(info.game_id, seed)
        if fault is not None:
            where = info.local_dir or self.mode
            raise ArcworldError(f"{where}: game {info.game_id} cannot be played: {fault}")
        if self._is_remote:
            self._mirror().new_play(info.game_id, wrapper.observation_space.guid)
        session = GameSession(wrapper, self._log_capture, competition=self.mode == "competition")
        self._sessions.add(session)
        return session

    def scorecard(self) -> Scorecard:
        """The scorecard as it stands. From a service: as counted here, until `close`."""
        if self._closed is not None:
            return self._closed
        if self._card_id is None:
            return read_scorecard(None)
        if self._is_remote:
            return self._count_here("the service scores at the end")
        return read_scorecard(self._arcade.get_scorecard(self._card_id))

    def close(self) -> Scorecard:
        """Close the sessions and the scorecard. A second call returns the same scorecard.

        Where a service does not answer any more, the scorecard is the one counted here.
        """
        if self._closed is None:
            for session in self._sessions:
                session.close()
            self._closed = self._close_card()
        return self._closed

    def __enter__(self) -> Toolkit:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _is_remote(self) -> bool:
        return self.mode in ("online", "competition")

    def _start(self, key: str, base_url: str) -> Any:
        arc_agi = import_toolkit()
        try:
            with hidden_environment():
                return arc_agi.Arcade(
                    arc_api_key=key,
                    arc_base_url=base_url,
                    operation_mode=arc_agi.OperationMode(self.mode),
                    # the games are ours to scan; only downloads go to a folder of the toolkit's
                    environments_dir=str(self.folder) if self.mode == "normal" else os.devnull,
                    recordings_dir=str(self._recordings or os.devnull),
                    logger=quiet_logger(self._log_capture),
                )
        except (OSError, ValueError) as error:
            raise ArcworldError(f"{base_url}: no answer: {describe_error(error)}") from error

    def _take_games(self, folder: Path) -> None:
        if not folder.is_dir() and self.mode == "offline":
            raise ArcworldError(f"{folder}: no such folder of games")
        scanned = GameFolders.scan(folder)
        self.problems = scanned.problems
        here = {info.game_id for info in scanned.found}
        fetched = self._arcade.available_environments
        others = [info for info in fetched if info.game_id not in here]
        self._arcade.available_environments = [*scanned.found, *others]

    def _no_games(self, base_url: str) -> str:
        if self.folder is None:
            return f"{base_url}: no games: {self._log_capture.take('the service lists none')}"
        if self.problems:
            return self.problems[0]
        return f"{self.folder}: no games; expected <name>/<version>/metadata.json in it"

    def _find(self, game: str) -> Any:
        infos = {info.game_id: info for info in self._arcade.available_environments}
        if game in infos:
            return infos[game]
        versions = [info for info in infos.values() if game_name(info.game_id) == game]
        if versions:
            return max(versions, key=lambda info: (_moment(info.date_downloaded), info.game_id))
        names = {game_name(game_id) for game_id in infos} if "-" not in game else set(infos)
        unread = f"; not readable: {'; '.join(self.problems)}" if self.problems else ""
        raise ArcworldError(f"no game {game!r}: {did_you_mean(game, names)}{unread}")

    def _make_patiently(self, game_id: str, seed: int) -> tuple[Any, str | None]:
        """(wrapper, what is wrong with it): a service that is busy or away is asked again."""
        wrapper, fault = None, None
        for turn in range(TRIES_TO_OPEN):
            try:
                wrapper = self._make(game_id, seed, wrapper)
                fault = first_fault(wrapper, self._log_capture)
            except Exception as error:
                fault = describe_error(error)
            if fault is None or not (self._is_remote and may_pass(fault)):
                break
            wait(turn)
        return wrapper, fault

    def _make(self, game_id: str, seed: int, unopened: Any) -> Any:
        """A wrapper that has opened the game, or has tried to (so has `unopened`)."""
        self._log_capture.take()
        if unopened is not None:
            unopened.reset()  # no second run: there is no first one
            return unopened
        if self._card_id is None:
            self._card_id = self._arcade.create_scorecard(tags=["arcworld"])
        with hidden_environment():
            return self._arcade.make(
                game_id,
                seed=seed,
                scorecard_id=self._card_id,
                save_recording=self._recordings is not None,
            )

    def _mirror(self) -> Any:
        """A scorecard of the toolkit's kind, kept here while a service keeps its own."""
        cards = self._arcade.scorecard_manager.scorecards
        if self._card_id not in cards:
            from arc_agi.scorecard import Scorecard as OfficialScorecard

            assert self._card_id is not None
            cards[self._card_id] = OfficialScorecard(card_id=self._card_id)
        return cards[self._card_id]

    def _count_here(self, message: str) -> Scorecard:
        from arc_agi import EnvironmentScorecard

        infos = self._arcade.available_environments
        card = EnvironmentScorecard.from_scorecard(self._mirror(), infos)
        return read_scorecard(card, official=False, message=message)

    def _close_card(self) -> Scorecard:
        if self._card_id is None:
            return read_scorecard(None)
        try:
            card = self._arcade.close_scorecard(self._card_id)
        except Exception as error:  # whatever a service may answer, what was played stays counted
            return self._count_here(f"the service gave no scorecard: {describe_error(error)}")
        return read_scorecard(card)


def _moment(date: datetime | None) -> float:
    """Seconds, so that dates with a time zone and without compare (the toolkit's raise)."""
    return date.timestamp() if date is not None else 0.0
