"""Benchmarks of prediction: the next frame, and P(level won) of all actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from arcworld.benchmarks.bench_result import BenchResult, Timer
from arcworld.frames.tokenizer import CELLS
from arcworld.models.decoding.decode import predict_next, predict_sequentially
from arcworld.models.decoding.drafts import TransitionMemory, last_frame
from arcworld.models.decoding.sampling import SamplerNoise
from arcworld.models.run import Run
from arcworld.models.transformer.world_model import WorldModel
from arcworld.planning.candidates import Candidates
from arcworld.planning.encoded_history import EncodedHistory, action_tokens
from arcworld.tokens.sequence import CodedEpisode, to_token_ids

CLOSE = 1e-4
"""Probabilities and hidden states that differ by less count as equal (float error)."""


@dataclass(frozen=True)
class Scene:
    """Histories to predict from.

    Attributes:
        run: the models.
        timer: measures all of it.
        histories: each ends in an action without its frame; evenly spread over the recordings.
        timed: number of histories that are timed, evenly spread; all are compared.
    """

    run: Run
    timer: Timer
    histories: Sequence[CodedEpisode]
    timed: int

    @property
    def stride(self) -> int:
        """Distance between two timed histories."""
        return -(-len(self.histories) // self.timed)


def spread_histories(
    model: WorldModel, episodes: Sequence[CodedEpisode], count: int
) -> list[CodedEpisode]:
    """At most `count` histories with a pending action, evenly spread over the episodes."""
    places = [(e, t) for e, episode in enumerate(episodes) for t in range(len(episode.types_A))]
    chosen = np.unique(np.linspace(0, len(places) - 1, min(count, len(places))).round())
    frames = model.config.context_frames
    found: list[CodedEpisode] = []
    for e, t in (places[int(i)] for i in chosen):
        start = max(t + 1 - frames, 0)
        found.append(episodes[e].window(start, t + 1 - start, pending=True))
    return found


def frame(scene: Scene) -> BenchResult:
    """Greedy next frames, one history at a time, as in an agent."""
    return _frame(scene, "frame", None)


def sampled_frame(scene: Scene) -> BenchResult:
    """Sampled next frames, one history at a time."""
    return _frame(scene, "sampled-frame", 0)


def _frame(scene: Scene, name: str, seed: int | None) -> BenchResult:
    model, histories = scene.run.world_model, scene.histories
    uniforms = [
        None if seed is None else SamplerNoise.draw(1, seed + i) for i in range(len(histories))
    ]
    asked = list(zip(histories, uniforms, strict=True))
    timed = asked[:: scene.stride]

    def ask(predict: Any, some: Any = asked) -> NDArray[np.int32]:
        return np.concatenate(
            [predict(model, [one], noise=noise).indices_BC for one, noise in some]
        )

    expected = ask(predict_sequentially)
    unequal = int((ask(predict_next) != expected).sum())
    unequal += int((ask(_remembering()) != expected).sum())
    plain_s, ours_s = scene.timer.seconds(
        lambda: ask(predict_sequentially, timed), lambda: ask(predict_next, timed)
    )
    changed = float((expected != last_frame(histories)).sum(1).mean())
    tokens = sum(len(to_token_ids(model.vocabulary, h)) + CELLS for h in histories) // len(
        histories
    )
    return BenchResult(
        name,
        "next frame, " + ("greedy" if seed is None else "by sampling"),
        "one pass a code, with a cache",
        plain_s / len(timed),
        ours_s / len(timed),
        scene.timer.roofline(model.backbone, tokens),
        unequal,
        2 * expected.size,
        f"{len(asked)} frames compared, with the last frame and with a memory of transitions as"
        f" draft; {len(timed)} timed; {changed:.1f} cells changed on average",
    )


def _remembering() -> Any:
    """`predict_next` with a memory of its own earlier predictions as drafts."""
    memory = TransitionMemory()

    def predict(
        model: WorldModel, histories: Sequence[CodedEpisode], noise: SamplerNoise | None
    ) -> Any:
        predicted = predict_next(model, histories, noise=noise, draft=memory)
        memory.learn(histories, predicted.indices_BC)
        return predicted

    return predict


def generate(scene: Scene) -> BenchResult:
    """Compare with `generate` of transformers on the bare backbone: 64 tokens after a history."""
    model, histories = scene.run.world_model, scene.histories[:: scene.stride]
    bare = _bare(model)
    packed = [
        torch.from_numpy(to_token_ids(model.vocabulary, history)).long() for history in histories
    ]
    prompts = [ids[None].to(model.device).clamp(max=len(model.vocabulary)) for ids in packed]

    def generated() -> object:
        return [bare.generate(i, attention_mask=torch.ones_like(i), **_GREEDY) for i in prompts]

    def predict_all(predict: Any = predict_next) -> NDArray[np.int32]:
        return np.concatenate([predict(model, [history]).indices_BC for history in histories])

    predicted = predict_all()
    unequal = int((predicted != predict_all(predict_sequentially)).sum())
    with torch.inference_mode():
        theirs, ours = scene.timer.seconds(generated, predict_all)
    tokens = sum(ids.shape[1] + CELLS for ids in prompts) // len(prompts)
    return BenchResult(
        "generate",
        "next frame, greedy",
        "transformers' generate on the bare backbone",
        theirs / len(histories),
        ours / len(histories),
        scene.timer.roofline(model.backbone, tokens),
        unequal,
        predicted.size,
        "the reference has no outcome, cell context or spelling; compared with one pass a code",
    )


_GREEDY = {
    "max_new_tokens": CELLS, "do_sample": False, "pad_token_id": 0, "use_cache": True,
}  # fmt: skip


def _bare(model: WorldModel) -> Any:
    """The backbone as the library's own language model, with a head of the vocabulary's size."""
    import copy

    from transformers import AutoModelForCausalLM

    backbone: Any = getattr(model.backbone, "base_model", model.backbone)
    config = copy.deepcopy(getattr(backbone, "model", backbone).config)
    config.vocab_size, config.eos_token_id = len(model.vocabulary) + 1, None
    return AutoModelForCausalLM.from_config(config).to(model.device).eval()


def goals(scene: Scene) -> BenchResult:
    """Probability of each outcome, for every action after one history."""
    from transformers import DynamicCache

    model, history = scene.run.world_model, _now(scene.histories[-1])
    candidates = Candidates.legal(range(model.vocabulary.actions))
    ids = torch.from_numpy(to_token_ids(model.vocabulary, history)).long()[None].to(model.device)
    actions = torch.from_numpy(action_tokens(model, candidates)).long().to(model.device)
    cache: Any = DynamicCache()
    with torch.inference_mode():
        model.hidden(ids, cache=cache, last=ids.shape[1])
    reading = EncodedHistory(model, history)

    @torch.inference_mode()
    def each() -> np.ndarray:
        predicted: list[torch.Tensor] = []
        for action in actions:
            row = torch.cat([ids, action[None]], dim=1)
            hidden = model.hidden(row, cache=cache, last=len(action))
            predicted.append(model.outcome_logits(hidden[:, -1]).softmax(-1))
            cache.crop(-len(action))
        return torch.cat(predicted).cpu().numpy()

    def together() -> np.ndarray:
        return reading.outcomes(candidates)

    unequal = int((np.abs(each() - together()) > CLOSE).any(1).sum())
    each_s, ours_s = scene.timer.seconds(each, together)
    tokens = 1 + model.vocabulary.actions + len(candidates)
    roofline = scene.timer.roofline(model.backbone, tokens)
    what = f"P(level won) of {len(candidates)} actions after a history that both have encoded"
    reference = "one pass each, cached history"
    return BenchResult("goals", what, reference, each_s, ours_s, roofline, unequal, len(candidates))


def _now(pending: CodedEpisode) -> CodedEpisode:
    """The history without its pending action."""
    return pending.window(0, len(pending.indices_TC))
