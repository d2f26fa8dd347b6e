"""What `agents/agent.py` of ARC-AGI-3-Agents (github.com/arcprize) does, without its recorder.

Written afresh from reading it (October 2026): the same names, the same order of calls, and the
same errors where the toolkit gives no answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from arcengine import FrameData, FrameDataRaw, GameAction, GameState


class Agent(ABC):
    MAX_ACTIONS: int = 80
    action_counter: int = 0

    def __init__(
        self,
        card_id: str,
        game_id: str,
        agent_name: str,
        ROOT_URL: str,
        record: bool,
        arc_env: Any,
        tags: list[str] | None = None,
    ) -> None:
        self.card_id, self.game_id, self.guid = card_id, game_id, ""
        self.agent_name, self.tags = agent_name, tags or []
        self.frames: list[FrameData] = [FrameData(levels_completed=0, win_levels=0)]
        self.arc_env = arc_env

    def main(self) -> None:
        while (
            not self.is_done(self.frames, self.frames[-1])
            and self.action_counter <= self.MAX_ACTIONS
        ):
            seen = self.arc_env.observation_space if self.arc_env else None
            action = self.choose_action(self.frames, self._convert_raw_frame_data(seen))
            if frame := self.take_action(action):
                self.append_frame(frame)
            self.action_counter += 1

    @property
    def state(self) -> GameState:
        return self.frames[-1].state

    def append_frame(self, frame: FrameData) -> None:
        self.frames.append(frame)
        if frame.guid:
            self.guid = frame.guid

    def do_action_request(self, action: GameAction) -> FrameData:
        data = action.action_data.model_dump()
        reasoning = getattr(action, "reasoning", None)
        if reasoning is not None and not isinstance(reasoning, dict):
            reasoning = {"text": str(reasoning)}
        return self._convert_raw_frame_data(
            self.arc_env.step(action, data=data, reasoning=reasoning)
        )

    def _convert_raw_frame_data(self, raw: FrameDataRaw | None) -> FrameData:
        if raw is None:
            raise ValueError("Received None frame data from environment")
        return FrameData(
            game_id=raw.game_id,
            frame=[layer.tolist() for layer in raw.frame],
            state=raw.state,
            levels_completed=raw.levels_completed,
            win_levels=raw.win_levels,
            guid=raw.guid,
            full_reset=raw.full_reset,
            available_actions=raw.available_actions,
        )

    def take_action(self, action: GameAction) -> FrameData | None:
        return FrameData.model_validate(self.do_action_request(action))

    @abstractmethod
    def is_done(self, frames: list[FrameData], latest_frame: FrameData) -> bool: ...

    @abstractmethod
    def choose_action(self, frames: list[FrameData], latest_frame: FrameData) -> GameAction: ...
