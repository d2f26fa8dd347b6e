"""Play arcworld's agents in the repository ARC-AGI-3-Agents, or with its `Agent` class.

Nothing of that repository is imported. `ArcworldMixin` precedes its class `agents.agent.Agent`, of
which it uses, by name, the attributes `arc_env`, `frames` and `game_id` and the methods
`append_frame`, `take_action` and `_convert_raw_frame_data`. The loop of that class is

    while not is_done(frames, frames[-1]) and action_counter <= MAX_ACTIONS:
        action = choose_action(frames, convert(arc_env.observation_space))
        if frame := take_action(action):
            append_frame(frame)

Differences from that class:

- There, an answer that is None raises in `take_action` and ends the agent's thread, and with it the
  game. Here it is a fault: after a pause, the agent decides again.
- There, clicks are stored in `GameAction.ACTION6`, one object shared by all agents of the process,
  each in its own thread. Here it is set, because the interface requires it, but never read.
- There, `frames` keeps every frame as lists of integers, 33 KB per grid. Here only the newest is
  kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arcworld.integrations.agent_runner import AgentRunner
from arcworld.play.agent import Agent, Decision
from arcworld.play.game_session import engine_of
from arcworld.play.toolkit_compat import describe_error, wait
from arcworld.recordings.episode import CLICK, RESET, Action

if TYPE_CHECKING:

    class _Base:
        """What is used of `agents.agent.Agent`."""

        arc_env: Any
        game_id: str
        frames: list[Any]

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...
        def append_frame(self, frame: Any) -> None: ...
        def take_action(self, action: Any) -> Any: ...
        def _convert_raw_frame_data(self, raw: Any) -> Any: ...
else:
    _Base = object


class ArcworldMixin(_Base):
    """Makes an `Agent` of ARC-AGI-3-Agents play as an agent of arcworld.

        from agents.agent import Agent
        from arcworld.integrations.arc_agents import ArcworldMixin
        from arcworld.play.agents.explorer import ExplorerAgent

        class Explorer(ArcworldMixin, Agent):
            MAX_ACTIONS = 500

            def make_agent(self):
                return ExplorerAgent()

    `python main.py --agent explorer` then plays it, once the module is imported in the
    repository's `agents/__init__.py`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.player = AgentRunner(self.make_agent(), engine=lambda: engine_of(self.arc_env))
        self._opening_kept = False

    def make_agent(self) -> Agent:
        """Return the agent that plays this game; called once per game."""
        raise NotImplementedError(f"{type(self).__name__} needs make_agent()")

    def is_done(self, frames: list[Any], latest_frame: Any) -> bool:
        """Whether the game is won, can only be reset as a whole, or gets no more answers."""
        self.player.see(latest_frame)
        return self.arc_env is None or bool(self.player.ended)

    def choose_action(self, frames: list[Any], latest_frame: Any) -> Any:
        """Return the agent's decision as a `GameAction` with its data and reasoning."""
        self.player.see(latest_frame)
        if not self._opening_kept and latest_frame.frame:
            self.append_frame(with_action(latest_frame, Decision(Action(RESET)), opening=True))
        self._decision = self.player.decide()
        return as_official(self._decision)

    def take_action(self, action: Any) -> Any:
        """Send the decision; return None if there is no answer."""
        try:
            return super().take_action(action)
        except Exception as error:
            self.player.miss(describe_error(error))
            if not self.player.ended and engine_of(self.arc_env) is None:
                wait(self.player.faults_in_a_row - 1)
            return None

    def do_action_request(self, action: Any) -> Any:
        """Send this agent's last decision, ignoring the data on the shared action."""
        if self.arc_env.observation_space is None:
            decision = Decision(Action(RESET))
            answer = self.arc_env.reset()  # opening failed: no run is open yet
        else:
            decision = self._decision
            answer = self.arc_env.step(
                action, data=data_of(decision.action), reasoning=decision.reasoning() or None
            )
        if answer is None:
            raise ConnectionError("the toolkit answered None")
        opening = not self._opening_kept
        return with_action(self._convert_raw_frame_data(answer), decision, opening=opening)

    def append_frame(self, frame: Any) -> None:
        """Keep only the newest frame; the recorder, if there is one, writes each."""
        super().append_frame(frame)
        self._opening_kept = True
        del self.frames[:-1]

    def _convert_raw_frame_data(self, raw: Any) -> Any:
        """Convert a game that is not open yet to a frame without a picture, instead of raising."""
        from arcengine import FrameData

        if raw is None:
            return FrameData(game_id=self.game_id, levels_completed=0, win_levels=0)
        return super()._convert_raw_frame_data(raw)


def with_action(frame: Any, decision: Decision, *, opening: bool = False) -> Any:
    """Add the action that led to a frame, which the repository's own conversion drops.

    Its recorder writes frames; without the action each row would contain RESET.

    Args:
        frame: the toolkit's `FrameData`; changed in place.
        decision: what was sent.
        opening: whether the frame is the first of the game, after a RESET of the whole game.
    """
    from arcengine import ActionInput
    from arcengine import GameAction as OfficialAction

    frame.action_input = ActionInput(
        id=OfficialAction.from_id(decision.action.id),
        data=data_of(decision.action),
        reasoning=decision.reasoning() or None,
    )
    frame.full_reset = frame.full_reset or opening
    return frame


def data_of(action: Action) -> dict[str, int]:
    """Data of an action: the position of a click.

    >>> data_of(Action(6, 3, 4)), data_of(Action(1))
    ({'x': 3, 'y': 4}, {})
    """
    if action.id != CLICK:
        return {}
    assert action.x is not None and action.y is not None
    return {"x": action.x, "y": action.y}


def as_official(decision: Decision) -> Any:
    """Convert a decision to the toolkit's action, with data and reasoning.

    The action is one object for the whole process: read it before the next decision is made.
    """
    from arcengine import GameAction as OfficialAction

    action: Any = OfficialAction.from_id(decision.action.id)
    action.set_data(data_of(decision.action))
    action.reasoning = decision.reasoning()
    return action
