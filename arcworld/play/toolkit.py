"""A safe wrapper of the official toolkit: games by name, sessions, one scorecard.

`arc_agi.Arcade` has traps, which are handled here, in `toolkit_compat` (environment variables,
logs) and in `game_session` (play). The network is used only if `mode` says so, and nothing is
printed. Where the toolkit returns None, an `ArcworldError` with the reason is raised.
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
"""Folder of this project's own games."""
SERVICE = "https://three.arcprize.org"
TRIES_TO_OPEN = 5
"""How often a busy service is asked to open a game."""


class Toolkit:
    """A set of games to open, and the scorecard they share.

    Args:
        games: a folder of games in the toolkit's layout (`<name>/<version>/metadata.json` beside
            the source); None for the project's own. Mode "normal" also downloads into it.
        mode: "offline" (no network), "normal" (download, play here), "online" (play on the
            service), "competition" (as "online", each game once, no full reset).
        api_key: for the modes that use the network. None takes `ARC_API_KEY`, else an anonymous key
            of the service, which "competition" does not accept.
        recordings: a folder where the toolkit writes its own recordings; None writes none.
        base_url: the service, or a server of the toolkit.

    Raises:
        ArcworldError: there is no game, or the service cannot be reached.
    """

    def __init__(
        self,
        games: str | Path | None = None,
        mode: Mode = "offline",
        api_key: str | None = None,
        recordings: str | Path | None = None,
        *,
        base_url: str = SERVICE,
    ) -> None:
        if mode == "normal" and games is None:
            raise ArcworldError('mode "normal" downloads games; give the folder: games=...')
        self.mode: Mode = mode
        self.folder = None if mode in ("online", "competition") else Path(games or OWN_GAMES)
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
        """Full ids of all games, sorted."""
        return sorted(info.game_id for info in self._arcade.available_environments)

    def human_actions(self, game: str) -> tuple[int, ...]:
        """The human baseline of each level of a game; empty if there is none.

        Raises:
            ArcworldError: the game does not exist.
        """
        return tuple(self._find(game).baseline_actions or ())

    def open(self, game: str, seed: int = 0) -> GameSession:
        """Start a run of a game, given its name (then the newest version) or its full id.

        Raises:
            ArcworldError: the game does not exist or cannot be loaded; the message names folder and
                line.
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
        """The current scorecard. For games on a service it is counted here until `close`."""
        if self._closed is not None:
            return self._closed
        if self._card_id is None:
            return read_scorecard(None)
        if self._is_remote:
            return self._count_here("the service scores at the end")
        return read_scorecard(self._arcade.get_scorecard(self._card_id))

    def close(self) -> Scorecard:
        """Close the sessions and the scorecard. A second call returns the same scorecard.

        If a service no longer answers, the scorecard counted here is returned.
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
                    # games are scanned by `GameFolders`; only downloads need the toolkit's folder
                    environments_dir=str(self.folder) if self.mode == "normal" else os.devnull,
                    recordings_dir=str(self._recordings or os.devnull),
                    logger=quiet_logger(self._log_capture),
                )
        except (OSError, ValueError) as error:
            raise ArcworldError(f"{base_url}: no answer: {describe_error(error)}") from error

    def _take_games(self, folder: Path) -> None:
        if not folder.is_dir() and self.mode == "offline":
            found = "a file" if folder.exists() else "nothing"
            raise ArcworldError(
                f"{folder}: found {found}; expected a folder of games in the toolkit's layout, with"
                " NAME/VERSION/metadata.json; correct the path"
            )
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
        return (
            f"{self.folder}: found no games; expected NAME/VERSION/metadata.json in it; name"
            " another folder"
        )

    def _find(self, game: str) -> Any:
        infos = {info.game_id: info for info in self._arcade.available_environments}
        if game in infos:
            return infos[game]
        versions = [info for info in infos.values() if game_name(info.game_id) == game]
        if versions:
            return max(versions, key=lambda info: (_moment(info.date_downloaded), info.game_id))
        names = {game_name(game_id) for game_id in infos} if "-" not in game else set(infos)
        unread = f"; not readable: {'; '.join(self.problems)}" if self.problems else ""
        raise ArcworldError(f"no game {game!r}; {did_you_mean(game, names)}{unread}")

    def _make_patiently(self, game_id: str, seed: int) -> tuple[Any, str | None]:
        """Return (wrapper, its fault or None). A busy or unreachable service is asked again."""
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
        """Return a wrapper that opened the game or tried to; `unopened` is from a failed try."""
        self._log_capture.take()
        if unopened is not None:
            unopened.reset()  # starts no second run, because the first was never opened
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
        """The toolkit's own kind of scorecard, counted here for games that run on a service."""
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
        except Exception as error:  # after any failure of a service, the local count is returned
            return self._count_here(f"the service gave no scorecard: {describe_error(error)}")
        return read_scorecard(card)


def _moment(date: datetime | None) -> float:
    """Seconds since the epoch: dates with and without a time zone cannot be compared as dates."""
    return date.timestamp() if date is not None else 0.0
