"""Train a policy by reinforcement learning: MaskablePPO of sb3-contrib on one game.

    uv sync --extra rl
    uv run python examples/train_maskable_ppo.py --game taps --steps 20000

Illegal actions are masked. Actions are the simple ones and clicks on objects (`DiscreteActions`);
frames are images of 16 channels, one for each colour (`OneHotFrames`). The reward is the number of
levels gained, which random play rarely finds: expect a demonstration of the interfaces, not a good
player.
"""

from __future__ import annotations

import argparse
from typing import Any

import gymnasium
from sb3_contrib import MaskablePPO

from arcworld.play.wrappers import DiscreteActions, OneHotFrames


def make_env(game: str, max_actions: int) -> Any:
    """The game, with Discrete actions and image observations."""
    env = gymnasium.make("arcworld:arcworld/Game-v0", game=game, max_actions=max_actions)
    return OneHotFrames(DiscreteActions(env))


def train(game: str, steps: int, max_actions: int, seed: int) -> MaskablePPO:
    """Train for at least `steps` steps of the game."""
    env = make_env(game, max_actions)
    n_steps = min(256, steps)
    model = MaskablePPO(
        "CnnPolicy", env, n_steps=n_steps, batch_size=min(64, n_steps), seed=seed, device="cpu"
    )
    model.learn(steps)
    env.close()
    return model


def play(model: MaskablePPO, game: str, max_actions: int, seed: int) -> tuple[int, int]:
    """One episode with the trained policy: (levels won, steps)."""
    env = make_env(game, max_actions)
    observation, info = env.reset(seed=seed)
    over, steps = False, 0
    while not over:
        action, _ = model.predict(observation, action_masks=info["action_mask"])
        observation, _, terminated, truncated, info = env.step(int(action))
        over, steps = terminated or truncated, steps + 1
    env.close()
    return info["levels_completed"], steps


def main() -> None:
    """Train, play one episode, print what was won."""
    parser = argparse.ArgumentParser(description="Train MaskablePPO on an ARC-AGI-3 game.")
    parser.add_argument("--game", default="taps")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--max-actions", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    model = train(given.game, given.steps, given.max_actions, given.seed)
    levels, steps = play(model, given.game, given.max_actions, given.seed)
    print(f"{model.num_timesteps} training steps; then {levels} levels won in {steps} steps")


if __name__ == "__main__":
    main()
