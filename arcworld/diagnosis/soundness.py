"""Check that measurements are sound: four faults that inflate a run's numbers.

- Aligned: an action belongs to the frame in which it is taken, not to the frame it led to.
- Split: no measured recording was trained on.
- Against baselines: frames are predicted better than by `copy` and by `lookup`.
- Calibrated: P(level won) is a calibrated probability, for transitions that win and do not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from arcworld.diagnosis.clicks import SEEN, PredictedFrames, baseline_frames
from arcworld.diagnosis.engine_replay import Replayed
from arcworld.diagnosis.estimates import Estimate, Measure, by_game, line
from arcworld.diagnosis.finding import Finding, as_text
from arcworld.diagnosis.inputs import DiagnosisInputs
from arcworld.evaluation.measures.baselines import OutcomeBaselines
from arcworld.evaluation.measures.calibration import calibration_error
from arcworld.evaluation.measures.frame_measures import same_cells
from arcworld.evaluation.measures.inference import TeacherForced
from arcworld.evaluation.measures.outcome import average_precision
from arcworld.evaluation.measures.transitions import Transitions
from arcworld.frames.tokenizer import CELLS
from arcworld.recordings.episode import Outcome
from arcworld.recordings.novelty import frame_hashes, pair_hashes

WELL_CALIBRATED = 0.02
"""Maximum calibration error of a calibrated P(level won)."""


def aligned(
    inputs: DiagnosisInputs, predicted: PredictedFrames, replayed: Replayed | None
) -> Finding:
    """Fault 4: actions are off by one."""
    own, before = determinism(inputs.transitions)
    t = inputs.transitions
    games, groups = t.games_N, inputs.groups_N
    among = ~np.isnan(own) & ~np.isnan(before)
    lines = [
        line("same frame and action, same next frame", "share", np.where(among, own, np.nan), None,
             games, groups),
        line("the same with the action before it", "share", np.where(among, before, np.nan), None,
             games, groups, is_baseline=True),
        predicted.share("changed cells right: true action", "true", predicted.has_past),
        predicted.share("changed cells right: the action before", "shifted", predicted.has_past),
        predicted.gain("true over the action before", "shifted", predicted.has_past),
    ]  # fmt: skip
    if replayed is not None:
        lines.append(replayed.line(inputs))
    gain, frames = lines[4].over_all, lines[5].over_all if replayed is not None else None
    question = "Are actions aligned with frames (fault 4)?"
    data = "" if frames is None else (
        f" Replayed in the engine, {as_text(frames, 'share')} of frames are as recorded."
    )  # fmt: skip
    if gain is None:
        return Finding("aligned", question, "cannot be decided", "Nothing changes." + data, lines)
    words = (
        f"The true action predicts {as_text(gain, 'points')} more of what changes than the one"
        " before it."
    )
    if frames is not None and frames.value < 0.5:
        return Finding("aligned", question, "recordings do not replay", words + data, lines)
    if gain.above(0.0):
        return Finding("aligned", question, "yes", words + data, lines)
    verdict = "off by one" if gain.below(-SEEN) else "makes no difference"
    return Finding("aligned", question, verdict, words + data, lines)


def determinism(transitions: Transitions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Whether the most frequent next frame of the same frame and action followed, for two pairings.

    Returns:
        For the transition's own action, and for the action before it, float64 [N]. NaN if the pair
        occurs once, if there is no action before, or if only one action was taken in the frame.
    """
    t = transitions
    has_past = t.t_N > 0
    before = t.actions_N3[np.maximum(np.arange(len(t)) - 1, 0)]
    frames, after = frame_hashes(t.frames_NHW), frame_hashes(t.next_NHW)
    keys = (pair_hashes(t.frames_NHW, actions) for actions in (t.actions_N3, before))
    own, shifted = (_agrees(pair, after) for pair in keys)
    # a frame in which only one action was taken does not show which action counts
    several = _several(frames, t.actions_N3)
    own[~(has_past & several)] = shifted[~(has_past & several)] = np.nan
    return own, shifted


def _agrees(keys_N: NDArray[np.uint64], after_N: NDArray[np.uint64]) -> NDArray[np.float64]:
    places: dict[int, list[int]] = defaultdict(list)
    for i, key in enumerate(keys_N.tolist()):
        places[key].append(i)
    found = np.full(len(keys_N), np.nan)
    for at in places.values():
        if len(at) > 1:
            values, counts = np.unique(after_N[at], return_counts=True)
            found[at] = after_N[at] == values[counts.argmax()]
    return found


def _several(frames_N: NDArray[np.uint64], actions_N3: NDArray[np.int16]) -> NDArray[np.bool_]:
    kinds: dict[int, set[bytes]] = defaultdict(set)
    for frame, action in zip(frames_N.tolist(), actions_N3, strict=True):
        kinds[frame].add(action.tobytes())
    return np.array([len(kinds[frame]) > 1 for frame in frames_N.tolist()])


def split(inputs: DiagnosisInputs) -> Finding:
    """Fault 5: validation recordings were trained on."""
    t = inputs.transitions
    known = inputs.run.trained_on()
    guids = np.array([episode.guid for episode in t.episodes])
    trained_on = np.isin(guids, sorted(known))[t.episode_N]
    games, groups = t.games_N, inputs.groups_N
    lines = [
        line("transitions of recordings trained on", "share", trained_on, None, games, groups),
        line("novel transitions", "share", t.novel_N, None, games, groups),
        line("level-ups that are novel", "share", t.novel_N & t.level_up_N, t.level_up_N, games,
             groups),
    ]  # fmt: skip
    leaked = sum(guid in known for guid in inputs.dataset.guids)
    novel, ups = lines[1].over_all, lines[2].over_all
    question = "Is it measured on recordings it never saw (fault 5)?"
    words = (
        f"{leaked} of {len(inputs.dataset.guids)} recordings were trained on;"
        f" {as_text(novel, 'share')} of transitions are novel, and {as_text(ups, 'share')} of"
        " level-ups: the rest occurs identically in training."
    )
    if not known:
        return Finding(
            "split", question, "cannot be decided", "The run lists no recordings.", lines
        )
    return Finding("split", question, "leaked" if leaked else "yes", words, lines)


def against_baselines(predicted: PredictedFrames) -> Finding:
    """Fault 6: a frame score without baselines."""
    t, at = predicted.inputs.transitions, predicted.at
    games, groups = t.games_N[at], predicted.inputs.groups_N[at]
    baselines = baseline_frames(predicted)
    right = {"": predicted.right("true")}
    right |= {name: same_cells(t.next_NHW[at], frames) for name, frames in baselines.items()}
    subsets = {"novel": t.novel_N[at], "all": np.ones(len(at), dtype=np.bool_)}
    lines: list[Measure] = []
    for subset, among in subsets.items():
        cells = np.where(among, CELLS, 0)
        lines += [
            line(f"cells right, {subset}{f': {name}' if name else ''}", "share",
                 hits.sum(1) * among, cells, games, groups, is_baseline=bool(name))
            for name, hits in right.items()
        ]  # fmt: skip
        lines += [
            line(f"run over {name}, {subset}", "points",
                 (right[""].sum(1) - right[name].sum(1)) * among, cells, games, groups)
            for name in baselines
            if name != "majority"
        ]  # fmt: skip
    return _against_baselines_finding(lines, list(baselines))


def _against_baselines_finding(lines: list[Measure], baselines: list[str]) -> Finding:
    question = "Does it predict frames better than its baselines (fault 6)?"
    leads = {
        f"{name}, {subset}": next(
            e.over_all for e in lines if e.name == f"run over {name}, {subset}"
        )
        for subset in ("novel", "all")
        for name in baselines
        if name != "majority"
    }
    known = {name: lead for name, lead in leads.items() if lead is not None}
    if not known:
        return Finding(
            "against_baselines", question, "cannot be decided", "Nothing to count.", lines
        )
    said = "; ".join(f"{name} {as_text(lead, 'points')}" for name, lead in known.items())
    ahead = [lead.above(0.0) for lead in known.values()]
    verdict = "better" if all(ahead) else "better in part" if any(ahead) else "no better"
    note = "RESET and level-up transitions are left out; per frame, greedy."
    return Finding(
        "against_baselines",
        question,
        verdict,
        f"Cells right, run minus baseline: {said}.",
        lines,
        note,
    )


def calibrated(inputs: DiagnosisInputs, forced: TeacherForced) -> Finding:
    """Fault 7: LEVEL_COMPLETE was trained without negatives."""
    t = inputs.transitions
    level = {"": forced.outcomes_NO[:, Outcome.LEVEL_WON].astype(np.float64)}
    if inputs.trained is not None:
        reported_by = OutcomeBaselines(inputs.trained).predictions(t)
        level |= {name: outcomes[:, Outcome.LEVEL_WON] for name, outcomes in reported_by.items()}
    games, groups, won = t.games_N, inputs.groups_N, t.level_up_N
    lines: list[Measure] = []
    for name, chance in level.items():
        after, baseline = f": {name}" if name else "", bool(name)
        lines += [
            line(f"P(level) where it is won{after}", "share", chance * won, won, games, groups,
                 is_baseline=baseline),
            line(f"P(level) where it is not{after}", "share", chance * ~won, ~won, games, groups,
                 is_baseline=baseline),
            _scored(f"calibration error{after}", calibration_error, chance, t, baseline),
            line(f"Brier score{after}", "number", (chance - won) ** 2, None, games, groups,
                 is_baseline=baseline),
            _scored(f"average precision{after}", average_precision, chance, t, baseline),
        ]  # fmt: skip
    return _calibrated_finding(inputs, lines)


def _calibrated_finding(inputs: DiagnosisInputs, lines: list[Measure]) -> Finding:
    t = inputs.transitions
    by_name = {each.name: each.over_all for each in lines}
    error, alarms = by_name["calibration error"], by_name["P(level) where it is not"]
    hits = by_name["P(level) where it is won"]
    question = "Is P(level won) calibrated (fault 7)?"
    if error is None or hits is None:
        return Finding("calibrated", question, "cannot be decided", "No level is won here.", lines)
    brier, rate = by_name["Brier score"], float(t.level_up_N.mean())
    informed = brier is not None and brier.value < rate * (1 - rate)
    verdict = "yes" if error.value <= WELL_CALIBRATED and informed else "no"
    ups, novel = int(t.level_up_N.sum()), int((t.level_up_N & t.novel_N).sum())
    words = (
        f"Calibration error {error.value:.3f}, Brier {brier.value if brier else rate:.3f} (the"
        f" base rate: {rate * (1 - rate):.3f}); P(level) is {as_text(hits, 'share')} where a level"
        f" is won and {as_text(alarms, 'share')} where it is not. {novel} of {ups} level-ups are"
        f" novel: {'the rest is' if novel else 'all of it is'} memory."
    )
    return Finding("calibrated", question, verdict, words, lines)


type _Score = Callable[[NDArray[np.float64], NDArray[np.bool_]], float | None]


def _scored(
    name: str, score: _Score, chance_N: NDArray[np.float64], t: Transitions, is_baseline: bool
) -> Measure:
    """A score of probabilities that is not an average over items, by game."""

    def measure(at: NDArray[np.intp]) -> Estimate | None:
        value = score(chance_N[at], t.level_up_N[at])
        return None if value is None else Estimate(value, None, None, len(at))

    return Measure(name, "number", by_game(measure, t.games_N), is_baseline)
