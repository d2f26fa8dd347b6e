"""A game and a world model that take the same actions: a line of steps that can be forked.

A game cannot go back. A fork opens it again and repeats its actions, and reports it if the game
answers otherwise the second time.

A trained world model imagines the game from its own frames until it is resynced. A model that
learns predicts every action of the game from the true frame, and only then learns from the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from arcworld.errors import ArcworldError
from arcworld.play.agent import Agent, Decision
from arcworld.play.game_session import GameSession
from arcworld.play.observation import Observation
from arcworld.play.toolkit import Toolkit
from arcworld.recordings.episode import RESET, Action
from arcworld.recordings.writer import RecordingWriter
from arcworld.web.viewed_models import AnyDream, ViewedModel

Where = Literal["both", "dream"]
MakePlayer = Callable[[int], Agent]
"""Makes an agent from a seed."""
LONGEST = 5_000
"""Most steps of a line."""


@dataclass(frozen=True, eq=False)
class PairedStep:
    """The game and the world model after an action.

    Attributes:
        action: None at the opening.
        true: the game's answer; the previous one if only the world model took the action.
        synced: the world model after the game's actual frames only.
        dream: the world model's prediction, for a trained one after its own predicted frames.
        where: whether the game took the action too.
        by: who chose: "you" or the agent's reason.
        beliefs: what the agent takes for the goal, one line each.
    """

    action: Action | None
    true: Observation
    synced: AnyDream
    dream: AnyDream
    where: Where = "both"
    by: str = "you"
    beliefs: tuple[str, ...] = ()


class PairedSession:
    """One game played by a tab.

    Attributes:
        line: the steps so far, the opening first.
        other_branch: the line that the last fork left; None before the first.
        note: one line on what the last change could not do, else "".
        recording: the file being written, None where none is.
    """

    def __init__(
        self,
        model: ViewedModel,
        game: str,
        games: Path | None,
        seed: int,
        folder: Path,
        make_player: MakePlayer | None = None,
    ) -> None:
        self.model, self.game, self.seed = model, game, seed
        self._make_player = make_player or model.agent
        self._folder = folder
        self._toolkit = Toolkit(games)
        self._session = self._toolkit.open(game, seed)
        self.line = [self._opening()]
        self.other_branch: list[PairedStep] | None = None
        self.note = ""
        self._agent: Agent | None = None
        self._writer: RecordingWriter | None = None

    @property
    def now(self) -> PairedStep:
        """The last step."""
        return self.line[-1]

    @property
    def recording(self) -> Path | None:
        """See the class."""
        return Path(self._writer.path) if self._writer else None

    def step(self, action: Action, where: Where = "both", by: Decision | None = None) -> None:
        """Take one action in the game and in the world model, or in the world model only.

        Raises:
            IllegalActionError: the action is not legal there; nothing was changed.
        """
        if len(self.line) > LONGEST:
            raise ArcworldError(f"{LONGEST} steps are played; expected fewer; start the game again")
        self.note = ""
        before = self.now
        dream = self._imagined(before, where)
        if where == "dream":
            dream.step(action)
            self.line.append(PairedStep(action, before.true, before.synced, dream, where))
            return
        true = self._session.step(action, by.reasoning() if by else None)
        self._dream_along(dream, action)
        synced = before.synced.fork()
        synced.follow(action, true)
        chosen = (by.reason, by.beliefs) if by else ("you", ())
        self.line.append(PairedStep(action, true, synced, dream, where, *chosen))
        self._record(self.now)
        if self._agent is not None:
            self._agent.observe(by or Decision(action, "a person's"), true)

    def resync(self) -> None:
        """Set the world model back to the game's current frame."""
        now = self.now
        self.note = ""
        self.line[-1] = replace(now, dream=now.synced.fork())

    def agent_step(self) -> None:
        """Let the agent take one action in both."""
        true = self.now.true
        if not true.legal_actions:
            raise ArcworldError("the game is won; start it again")
        if self._agent is None:
            self._agent = self._make_player(self.seed)
            self._agent.begin(true)
        over = Decision(Action(RESET), "game over")
        decision = over if true.state == "GAME_OVER" else self._agent.choose_action(true)
        self.step(decision.action, "both", decision)

    def fork(self, at: int) -> None:
        """Go back to an earlier step, to continue from there.

        Raises:
            ArcworldError: there is no such step.
        """
        if not 0 <= at < len(self.line):
            raise ArcworldError(f"no step {at}; expected 0 to {len(self.line) - 1}")
        if at == len(self.line) - 1:
            return
        old, self.line = self.line, self.line[: at + 1]
        self._change(old)

    def switch_branch(self) -> None:
        """Switch to the line that the last fork left.

        Raises:
            ArcworldError: nothing was forked.
        """
        if self.other_branch is None:
            raise ArcworldError("there is no other line; fork first")
        old, self.line = self.line, self.other_branch
        self._change(old)

    def start_recording(self) -> Path:
        """Write the game to a file, from its opening on."""
        if self._writer is None:
            session = self._session
            path = _free(self._folder, f"{session.game_id}-{session.guid}")
            self._writer = RecordingWriter(path, session.game_id, session.guid, session.win_levels)
            for paired_step in self.line:
                self._record(paired_step)
        return Path(self._writer.path)

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
        """Bring the game to the new line."""
        self.stop_recording()
        self._agent, self.note, self.other_branch = None, "", old
        if _true_actions(old) != _true_actions(self.line):
            self._replay()

    def _opening(self) -> PairedStep:
        synced = self.model.dream(self._session.observation)
        return PairedStep(None, self._session.observation, synced, synced.fork())

    def _imagined(self, before: PairedStep, where: Where) -> AnyDream:
        """A copy of the state that the next action is predicted from."""
        from_true = where == "both" or before.where == "both"
        return (before.synced if self.model.learns and from_true else before.dream).fork()

    def _dream_along(self, dream: AnyDream, action: Action) -> None:
        """Predict one step; a world model whose game is over stays as it is."""
        if action.id in dream.observation.legal_actions:
            dream.step(action)
        else:
            state = dream.observation.state
            self.note = f"the world model's game is over ({state}); resync it to continue"

    def _replay(self) -> None:
        """Open the game again and send the line's actions."""
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
        self.line[-1] = replace(now, true=seen)

    def _record(self, paired_step: PairedStep) -> None:
        if self._writer is None or paired_step.where == "dream":
            return
        seen, action = paired_step.true, paired_step.action or Action(RESET)
        chosen = {"reason": paired_step.by, "beliefs": list(paired_step.beliefs)}
        reasoning = None if paired_step.by == "you" else chosen
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
