"""What changes by itself, on a clock of the game."""

from __future__ import annotations

import numpy as np

from arcworld.online.experts.clock import Clock, Recent
from arcworld.online.model import OnlineWorldModel
from arcworld.recordings.episode import Action
from tests.online.scenes import AVATAR, GEM, Frame, predicted, room, teach, tile, walk

ACTIONS = [Action(i) for i in np.random.default_rng(0).integers(1, 5, 60).tolist()]


class BlinkingGame:
    """An avatar walks; a gem is shown for two of five actions."""

    def __init__(self) -> None:
        self.below, self.count = tile(room(), 24, 12, AVATAR), 0

    def __call__(self, frame: Frame, action: Action) -> Frame:
        self.below, self.count = walk(self.below, action), self.count + 1
        return tile(self.below, 48, 48, GEM) if self.count % 5 < 2 else self.below.copy()


def test_what_blinks_is_foretold_whatever_is_done() -> None:
    game, model = BlinkingGame(), OnlineWorldModel()
    state = teach(model, game.below, ACTIONS, game)
    for action in ACTIONS[:10]:
        guess = predicted(model, state, action)
        seen = game(state.frame_HW, action)
        assert (guess[44:56, 44:56] == seen[44:56, 44:56]).all()
        state = model.predict(state, [action]).states[0]


def test_nothing_is_claimed_of_what_the_player_repeats() -> None:
    game, model = tile(room(), 24, 12, AVATAR), OnlineWorldModel()
    state = teach(model, game, [Action(4), Action(3)] * 20, walk)
    clock = Clock()
    flat = state.frame_HW.reshape(-1)
    clock.learn(flat, state.recent, flat)
    assert clock.propose(flat, state.recent) == []


def test_a_scene_keeps_no_more_frames_than_it_needs() -> None:
    recent = Recent()
    for _ in range(200):
        recent = recent.then(np.zeros(4096, np.uint8), Action(1))
    assert len(recent.frames) == len(recent.actions) == 32
