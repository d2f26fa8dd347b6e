"""Settings of a tournament: which agents play which games, how often and how long."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from arcworld.errors import ArcworldError, did_you_mean
from arcworld.evaluation.measures.folds import fold_folders
from arcworld.play.agents.catalogue import AgentInputs, make_agent, needs_run
from arcworld.play.agents.own import is_own, source_digest
from arcworld.play.agents.redrawn import STYLES
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import game_name
from arcworld.recordings.provenance import Provenance

type PlayKey = tuple[str, str, int]
"""(game id, agent, seed)."""
MOST_THINKING = 300.0
"""Maximum seconds per action; half of the time after which a silent play counts as lost."""
WEIGHTS = ("run.json", "*/config.json", "*/model.safetensors")


@dataclass(frozen=True, slots=True)
class Play:
    """One game played once by one agent."""

    game_id: str
    agent: str
    seed: int
    folder: Path

    @property
    def key(self) -> PlayKey:
        """Identifies the play within the tournament."""
        return self.game_id, self.agent, self.seed


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings that affect the results of a tournament.

    Attributes:
        agents: names, as in `play.agents.catalogue`.
        games: folders in the toolkit's layout; empty: the project's own games.
        only: names or ids of games; empty: all games in the folders.
        max_actions: of a play.
        seeds: number of seeds, 0 .. seeds - 1, of game and agent.
        run: for agents that need a run.
        data: recordings, for `replay`.
        start_perturbed: number of random actions at the start of each level; see `PerturbedAgent`.
        redraw: one of `play.agents.redrawn.STYLES`; None: agents see games as they are.
        think: maximum seconds of one search, two for an action, of agents that plan; None: their
            own limit.
        held_out_levels: play each level with models that never saw it; see
            `tournament.held_out_agent`.
        recordings: folder where every play is recorded; None: plays are not recorded.
    """

    agents: tuple[str, ...]
    games: tuple[Path, ...] = ()
    only: tuple[str, ...] = ()
    max_actions: int = 2_000
    seeds: int = 1
    run: Path | None = None
    data: tuple[Path, ...] = ()
    start_perturbed: int = 0
    redraw: str | None = None
    think: float | None = None
    held_out_levels: bool = False
    recordings: Path | None = None

    def check(self) -> None:
        """Check all settings, and make each agent once, before anything is played.

        Raises:
            ArcworldError: a number out of range, a name twice or unknown, a run missing.
        """
        for name, least in (("max_actions", 1), ("seeds", 1), ("start_perturbed", 0)):
            value: int = getattr(self, name)
            if value < least:
                raise ArcworldError(f"{name} is {value}; expected {least} or more")
        if self.think is not None and not 0 < self.think <= MOST_THINKING:
            raise ArcworldError(
                f"think is {self.think}; expected more than 0 and at most {MOST_THINKING} seconds"
            )
        if self.redraw is not None and self.redraw not in STYLES:
            raise ArcworldError(
                f"redraw is {self.redraw!r}; {did_you_mean(self.redraw, STYLES)}; name one of them"
            )
        if self.held_out_levels:
            self._check_held_out()
        if not self.agents:
            raise ArcworldError("no agent is named; expected one or more, as in --agents random")
        for agent in self.agents:
            if self.agents.count(agent) > 1:
                raise ArcworldError(f"agent {agent!r} is named twice; expected each once")
            given = self.inputs
            make_agent(agent, run=given.run, data=given.data, think=given.think)

    @property
    def inputs(self) -> AgentInputs:
        """Inputs of the agents, with absolute paths."""
        return AgentInputs(
            absolute(self.run), [path.resolve() for path in self.data] or None, self.think
        )

    def plays(self) -> list[Play]:
        """Return every play, ordered by seed: a stopped tournament then has all agents on all
        games.

        Raises:
            ArcworldError: a folder has no games, a game is in two folders, or a game does not
                exist.
        """
        found = self._chosen(self._games())
        return [
            Play(game_id, agent, seed, found[game_id])
            for seed in range(self.seeds)
            for game_id in sorted(found)
            for agent in self.agents
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types, with digests of the weights and of users' own agents."""
        entries: dict[str, Any] = asdict(self)
        for name in ("agents", "only"):
            entries[name] = list(entries[name])
        entries["games"] = [str(folder) for folder in self.games]
        for name in ("run", "recordings"):
            entries[name] = None if entries[name] is None else str(entries[name])
        entries["data"] = [str(path) for path in self.data]
        entries["weights"] = self.weights() if any(map(needs_run, self.agents)) else None
        own = {name: source_digest(name) for name in self.agents if is_own(name)}
        if own:
            entries["own_agents"] = own
        return entries

    def recording_of(self, play: Play) -> Path | None:
        """The file of a play's recording; None where plays are not recorded."""
        if self.recordings is None:
            return None
        agent = play.agent.replace(":", ".")
        return self.recordings / play.game_id / f"{agent}-{play.seed}.recording.jsonl.gz"

    def provenance(self, play: Play) -> Provenance:
        """What the recording of a play says of itself."""
        if self.run is None or not needs_run(play.agent):
            return Provenance.of_game(play.agent, play.seed, play.game_id)
        run, weights = self.run.name, self.weights()
        return Provenance.of_game(play.agent, play.seed, play.game_id, run=run, weights=weights)

    def _check_held_out(self) -> None:
        if self.run is None or not self.data:
            raise ArcworldError(
                "held-out levels need the folds of a run, and recordings to win levels that the"
                " agent does not; expected both; give --run and --data"
            )
        others = {"start_perturbed": self.start_perturbed, "redraw": self.redraw}
        for name in (name for name, value in others.items() if value):
            raise ArcworldError(
                f"found held_out_levels and {name}; expected one of them; leave one out"
            )
        fold_folders(self.run)

    def _games(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for folder in self.games or (None,):
            with Toolkit(folder) as toolkit:
                assert toolkit.folder is not None
                for game_id in toolkit.games():
                    if game_id in found:
                        raise ArcworldError(
                            f"game {game_id} is in {found[game_id]} and in {toolkit.folder};"
                            " expected it once; leave out one folder"
                        )
                    found[game_id] = toolkit.folder.resolve()
        return found

    def _chosen(self, found: dict[str, Path]) -> dict[str, Path]:
        if not self.only:
            return found
        chosen: dict[str, Path] = {}
        for name in self.only:
            fitting = {i: at for i, at in found.items() if name in (i, game_name(i))}
            if not fitting:
                names = {game_name(game_id) for game_id in found}
                raise ArcworldError(f"no game {name!r}; {did_you_mean(name, names)}")
            chosen |= fitting
        return chosen

    def weights(self) -> str | None:
        """Digest of the run's files."""
        if self.run is None:
            return None
        from arcworld.models.run import SHIPPED

        folder = self.run if self.run.is_dir() else SHIPPED / self.run
        digest = blake2b(digest_size=8)
        for root in fold_folders(folder) if self.held_out_levels else [folder]:
            for path in sorted(path for pattern in WEIGHTS for path in root.glob(pattern)):
                digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
        return digest.hexdigest()


def absolute(path: Path | None) -> Path | None:
    """Absolute path of an existing path; a name of shipped weights stays unchanged."""
    return path.resolve() if path is not None and path.exists() else path


def split_names(names: str) -> tuple[str, ...]:
    """Split names at commas.

    >>> split_names("random, explorer,")
    ('random', 'explorer')
    """
    return tuple(name.strip() for name in names.split(",") if name.strip())


def refuse_changes(
    path: Path,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    may_change: Collection[str] = (),
) -> None:
    """Refuse to continue with other settings than those of a file.

    Args:
        path: the file.
        before: its settings.
        now: settings to continue with.
        may_change: names of settings that may differ.

    Raises:
        ArcworldError: another setting differs.
    """
    for name in now:
        if name not in may_change and before.get(name) != now[name]:
            free = f" (only {' and '.join(may_change)} may differ)" if may_change else ""
            raise ArcworldError(
                f"{path}: found {name} {_brief(before.get(name))}, not {_brief(now[name])};"
                f" expected the settings that it was begun with{free}; use those, or name another"
                " --out"
            )


def _brief(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
