"""A true game and its dream, played in step: one line of moments that can be forked anywhere.

Knows the toolkit, dreams and agents; knows nothing of HTTP. A true game cannot go back: a fork
opens it anew and plays the same actions, and says so where the game answers otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from arcworld.errors import ArcworldError
from arcworld.models.run import Run
from arcworld.play.agent import Decision
from arcworld.play.agents.world_model import WorldModelAgent
from arcworld.play.dream import Dream
from arcworld.play.game_session import GameSession
from arcworld.play.observation import Observation
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import RESET, Action
from arcworld.recordings.writer import RecordingWriter

Where = Literal["both", "dream"]
LONGEST = 5_000
"""Moments of a line."""


@dataclass(frozen=True, eq=False)
class PairedStep:
    """What is seen and dreamt after an action.

    Attributes:
        action: None at the opening.
        true: the true game's answer; the one before where the dream went on alone.
        synced: a dream that has seen the true game and dreamt nothing.
        dream: as dreamt.
        where: whether the true game took the action too.
        by: who chose: "you" or the agent's reason.
    """

    action: Action | None
    true: Observation
    synced: Dream
    dream: Dream
    where: Where = "both"
    by: str = "you"


class PairedSession:
    """One game played by a tab.

    Attributes:
        line: the moments so far, the opening first.
        other_branch: the line that the last fork left; None before the first.
        note: one line on what the last change could not do; "" where it could do all.
        recording: the file being written, None where none is.
    """

    def __init__(self, run: Run, game: str, games: Path | None, seed: int, folder: Path) -> None:
        self.run, self.game, self.seed = run, game, seed
        self._folder = folder
        self._toolkit = Toolkit(games)
        self._session = self._toolkit.open(game, seed)
        self.line = [self._opening()]
        self.other_branch: list[PairedStep] | None = None
        self.note = ""
        self._agent: WorldModelAgent | None = None
        self._writer: RecordingWriter | None = None

    @property
    def now(self) -> PairedStep:
        """The last moment."""
        return self.line[-1]

    @property
    def recording(self) -> Path | None:
        """See the class."""
        return self._writer.path if self._writer else None

    def step(self, action: Action, where: Where = "both", by: Decision | None = None) -> None:
        """Take one action in the game and in the dream, or in the dream alone.

        Raises:
            IllegalActionError: neither takes it, or the dream alone does not.
        """
        if len(self.line) > LONGEST:
            raise ArcworldError(f"{LONGEST} steps are played; expected fewer; start the game anew")
        self.note = ""
        before = self.now
        dream = before.dream.fork()
        if where == "dream":
            dream.step(action)
            self.line.append(PairedStep(action, before.true, before.synced, dream, where))
            return
        true = self._session.step(action, by.reasoning() if by else None)
        self._dream_along(dream, action)
        synced = before.synced.fork()
        synced.follow(action, true)
        self.line.append(PairedStep(action, true, synced, dream, where, by.reason if by else "you"))
        self._record(self.now)
        if self._agent is not None:
            self._agent.observe(by or Decision(action, "a person's"), true)

    def resync(self) -> None:
        """Let the dream see the true frame of now."""
        now = self.now
        self.note = ""
        self.line[-1] = PairedStep(
            now.action, now.true, now.synced, now.synced.fork(), now.where, now.by
        )

    def agent_step(self) -> None:
        """Let the agent take one action in both."""
        true = self.now.true
        if not true.legal_actions:
            raise ArcworldError("the game is won; start it anew")
        if self._agent is None:
            self._agent = WorldModelAgent(self.run, self.seed)
            self._agent.begin(true)
        over = Decision(Action(RESET), "game over")
        decision = over if true.state == "GAME_OVER" else self._agent.choose_action(true)
        self.step(decision.action, "both", decision)

    def fork(self, at: int) -> None:
        """Go back to a moment, to go on from there in another way.

        Raises:
            ArcworldError: there is no such moment.
        """
        if not 0 <= at < len(self.line):
            raise ArcworldError(f"no moment {at}; expected 0 to {len(self.line) - 1}")
        if at == len(self.line) - 1:
            return
        old, self.line = self.line, self.line[: at + 1]
        self._change(old)

    def switch_branch(self) -> None:
        """Go to the line that the last fork left, and leave this one.

        Raises:
            ArcworldError: nothing was forked.
        """
        if self.other_branch is None:
            raise ArcworldError("there is no other line; fork first")
        old, self.line = self.line, self.other_branch
        self._change(old)

    def start_recording(self) -> Path:
        """Write the true game from its opening, and go on writing."""
        if self._writer is None:
            session = self._session
            path = _free(self._folder, f"{session.game_id}-{session.guid}")
            self._writer = RecordingWriter(path, session.game_id, session.guid, session.win_levels)
            for paired_step in self.line:
                self._record(paired_step)
        return self._writer.path

    def stop_recording(self) -> None:
        """End the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def close(self) -> None:
        """End the game and the file."""
        self.stop_recording()
        self._toolkit.close()

    def _change(self, old: list[PairedStep]) -> None:
        """The line is another than `old` was: so must the true game be."""
        self.stop_recording()
        self._agent, self.note, self.other_branch = None, "", old
        if _true_actions(old) != _true_actions(self.line):
            self._replay()

    def _opening(self) -> PairedStep:
        synced = Dream(self.run, self._session.observation)
        return PairedStep(None, self._session.observation, synced, synced.fork())

    def _dream_along(self, dream: Dream, action: Action) -> None:
        """The dream goes its own way: where it is over before the game is, it stays as it is."""
        if action.id in dream.observation.legal_actions:
            dream.step(action)
        else:
            self.note = f"the dream is over ({dream.observation.state}): wake it to dream on"

    def _replay(self) -> None:
        """Play the line's true actions in the game opened anew."""
        self._session: GameSession = self._toolkit.open(self.game, self.seed)
        for number, paired_step in enumerate(self.line):
            if paired_step.action is None or paired_step.where == "dream":
                continue
            seen = self._session.step(paired_step.action)
            if (seen.frame_HW != paired_step.true.frame_HW).any():
                self.note = f"the game answers otherwise than before at step {number}"
        self._put_true(self._session.observation)

    def _put_true(self, seen: Observation) -> None:
        now = self.now
        self.line[-1] = PairedStep(now.action, seen, now.synced, now.dream, now.where, now.by)

    def _record(self, paired_step: PairedStep) -> None:
        if self._writer is None or paired_step.where == "dream":
            return
        seen, action = paired_step.true, paired_step.action or Action(RESET)
        reasoning = None if paired_step.by == "you" else {"reason": paired_step.by}
        self._writer.write(
            seen.grids,
            action,
            seen.state,
            seen.levels_completed,
            seen.available_actions,
            seen.full_reset,
            reasoning,
        )


def _true_actions(line: list[PairedStep]) -> list[Action | None]:
    return [paired_step.action for paired_step in line if paired_step.where == "both"]


def _free(folder: Path, name: str) -> Path:
    """A file that is not there yet."""
    numbers = ("", *(f"-{number}" for number in range(2, 10_000)))
    return next(p for n in numbers if not (p := folder / f"{name}{n}.jsonl").exists())
