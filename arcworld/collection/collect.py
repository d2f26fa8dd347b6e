"""Collect recordings: several plays at once, until each game has enough novel transitions.

Plays come seed by seed, each agent on each game. A recording with too few novel transitions is a
near-duplicate and is removed, unless it won more levels than all before it. With several plays at
once, which one of two similar recordings is kept depends on which ends first; each recording
depends on its game, agent and seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from arcworld.collection.ledger import Ledger
from arcworld.collection.log import CollectedPlay, CollectLog
from arcworld.collection.settings import CollectSettings
from arcworld.errors import ArcworldError
from arcworld.recordings.dataset import open_dataset
from arcworld.recordings.episode import Episode
from arcworld.recordings.reader import read_recording
from arcworld.tournament.backends import cores, play_in_processes
from arcworld.tournament.events import Tick
from arcworld.tournament.results import PlayResult
from arcworld.tournament.settings import Play, PlayKey


class CollectProgress(Protocol):
    """Called with how far all games are; a game that is finished counts its whole target."""

    def __call__(self, what: str, done: int, total: int, /, **measures: float) -> None:
        """See `commands.output.Reporter`."""
        ...


def collect(
    settings: CollectSettings,
    *,
    workers: int | None = None,
    progress: CollectProgress | None = None,
) -> list[CollectedPlay]:
    """Play what is not played yet, and return every play of the folder, in order.

    Args:
        settings: what is collected; a folder that was begun with the same settings is continued.
        workers: plays at once; None: as many as there are cores.
        progress: called as it goes.

    Raises:
        ArcworldError: something in the settings cannot be used, before anything is played.
    """
    if workers is not None and workers < 1:
        raise ArcworldError(f"found {workers} workers; expected 1 or more; correct --workers")
    settings.check()
    plays = settings.play.plays()
    log = CollectLog.open(settings.out, settings.as_dict())
    collection = _Collection(settings, plays, log, progress)
    collection.read()
    left = sum(play.key not in log.plays for play in plays)
    upcoming = collection.upcoming(plays)
    for event in play_in_processes(settings.play, upcoming, min(workers or cores(), left)):
        collection.take(event)
    return list(log.plays.values())


class _Collection:
    """What is collected so far."""

    def __init__(
        self,
        settings: CollectSettings,
        plays: Sequence[Play],
        log: CollectLog,
        progress: CollectProgress | None,
    ) -> None:
        self._settings, self._log, self._progress = settings, log, progress
        self._by_key = {play.key: play for play in plays}
        self._ledgers = {play.game_id: Ledger() for play in plays}
        self._novel = dict.fromkeys(self._ledgers, 0)
        self._dull = dict.fromkeys(self._ledgers, 0)
        self._levels = dict.fromkeys(self._ledgers, 0)
        self._plays = {game: sum(p.game_id == game for p in plays) for game in self._ledgers}
        self._left = dict(self._plays)
        self._running: dict[PlayKey, int] = {}

    def read(self) -> None:
        """Read the known recordings, and those of the folder if it is continued."""
        if self._settings.known is not None:
            for guid, episodes in _by_recording(open_dataset(self._settings.known).episodes):
                if guid and episodes[0].game_id in self._ledgers:
                    self._ledgers[episodes[0].game_id].add(episodes)
        for play in self._log.plays.values():
            if play.key in self._by_key:
                self._count(play)
            if play.kept and play.key in self._by_key:
                self._ledgers[play.game_id].add(self._episodes(self._by_key[play.key]))

    def upcoming(self, plays: Sequence[Play]) -> Iterator[Play]:
        """Yield the plays of games that are not finished, as they are asked for."""
        for play in plays:
            if play.key not in self._log.plays and not self._is_finished(play.game_id):
                yield play

    def take(self, event: Tick | PlayResult) -> None:
        """Take what a worker reports; keep a recording or remove it."""
        if isinstance(event, PlayResult):
            play = self._judge(event)
            self._count(play)
            self._log.add(play)
            self._running.pop(event.key, None)
        else:
            self._running[event.play.key] = event.actions
        self._report()

    def _judge(self, result: PlayResult) -> CollectedPlay:
        path = self._settings.play.recording_of(self._by_key[result.key])
        assert path is not None
        if result.error is not None or not path.is_file():
            return CollectedPlay(*result.key, error=result.error or "no recording was written")
        try:
            episodes = self._episodes(self._by_key[result.key])
        except ArcworldError as error:  # a game that does what no recording may show
            path.unlink()
            return CollectedPlay(*result.key, error=str(error))
        ledger = self._ledgers[result.game_id]
        novel = ledger.count_novel(episodes)
        further = result.levels_completed > self._levels[result.game_id]
        enough = novel >= self._settings.least_novel * sum(map(len, episodes))
        kept = novel > 0 and (enough or further)
        if kept:
            ledger.add(episodes)
        else:
            path.unlink()
        won = result.levels_completed
        return CollectedPlay(*result.key, result.actions, won, novel, kept)

    def _episodes(self, play: Play) -> Sequence[Episode]:
        path = self._settings.play.recording_of(play)
        assert path is not None
        return read_recording(path).episodes

    def _count(self, play: CollectedPlay) -> None:
        game = play.game_id
        self._left[game] -= 1
        self._novel[game] += play.novel if play.kept else 0
        self._levels[game] = max(self._levels[game], play.levels if play.kept else 0)
        self._dull[game] = 0 if play.kept else self._dull[game] + 1

    def _is_finished(self, game: str) -> bool:
        dull = self._dull[game] >= self._settings.dull_plays
        return dull or self._novel[game] >= self._settings.target or not self._left[game]

    def _report(self) -> None:
        if self._progress is None:
            return
        target = self._settings.target
        done = sum(int(target * self._share(game)) for game in self._novel)
        kept, plays = sum(1 for _ in self._log.kept()), len(self._log.plays)
        novel = sum(self._novel.values())
        total = target * len(self._novel)
        self._progress("collecting", done, total, plays=plays, kept=kept, novel=novel)

    def _share(self, game: str) -> float:
        """How far a game is: in novel transitions, or in actions if its plays end earlier."""
        if self._is_finished(game):
            return 1.0
        play = self._settings.play
        running = sum(n for key, n in self._running.items() if key[0] == game)
        played = (self._plays[game] - self._left[game]) * play.max_actions + running
        by_actions = played / (self._plays[game] * play.max_actions)
        return min(max(self._novel[game] / self._settings.target, by_actions), 1.0)


def _by_recording(episodes: Sequence[Episode]) -> Iterator[tuple[str, list[Episode]]]:
    """Yield the episodes of each recording; they follow one another."""
    guid, found = "", list[Episode]()
    for episode in episodes:
        if found and episode.guid != guid:
            yield guid, found
            found = []
        guid = episode.guid
        found.append(episode)
    if found:
        yield guid, found
