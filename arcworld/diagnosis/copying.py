"""Measure whether the policy copies past actions or reads the screen.

There are three kinds of evidence.

- Interventions: edit only past actions, only past frames, or only the current frame, and count how
  often the most probable choice changes.
- Probes: predict the policy's sampled choice from the demo's last three actions, or from the frame
  alone. The copying index is the advantage of actions over the frame, minus the same advantage in
  predicting the demos themselves.
- Scores: accuracy where the demo changes its action and where it repeats it, and the diversity of
  choices.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from arcworld.diagnosis import probe
from arcworld.diagnosis.answers import Editor, PolicyAnswers, ask
from arcworld.diagnosis.estimates import Estimate, Measure, by_game, line, mean
from arcworld.diagnosis.finding import Finding, as_text
from arcworld.diagnosis.inputs import LABELS, DiagnosisInputs, past_labels
from arcworld.evaluation.measures.baselines import split_cells

PER_GAME = 250
BACK = 3
"""Number of past actions that the probe of actions sees."""
LEVEL = 0.05
"""A change of choice, or an index, up to this value is within the level of the demos."""
QUESTION = "Does it copy past actions?"


@dataclass(frozen=True, eq=False)
class CopyingAnswers:
    """The policy's answers at M transitions on winning stretches, unmodified and edited."""

    inputs: DiagnosisInputs
    at: NDArray[np.intp]
    whole: PolicyAnswers
    again: PolicyAnswers
    other_actions: PolicyAnswers
    other_past: PolicyAnswers
    other_screen: PolicyAnswers

    @property
    def games(self) -> NDArray[np.str_]:
        """Game of each transition."""
        return self.inputs.games_N[self.at]

    def where_there_is_a_choice(self) -> CopyingAnswers:
        """Remove the games whose demos have one label only (in v1, games with clicks only)."""
        truth, games = self.inputs.truth_N[self.at], self.games
        free = [game for game in np.unique(games) if len(np.unique(truth[games == game])) > 1]
        kept = np.flatnonzero(np.isin(games, free))
        answers = (getattr(self, field.name).take(kept) for field in fields(self)[2:])
        return CopyingAnswers(self.inputs, self.at[kept], *answers)

    @property
    def groups(self) -> NDArray[np.intp]:
        """Stretch of each transition."""
        return self.inputs.groups_N[self.at]


def put_questions(inputs: DiagnosisInputs, at: NDArray[np.intp], seed: int = 0) -> CopyingAnswers:
    """Ask the policy at some transitions, and again with one part edited each time."""
    editor = Editor(inputs, seed)
    whole = [inputs.window(int(i)) for i in at]

    def edited(name: str) -> PolicyAnswers:
        windows = [getattr(editor, name)(int(i)) for i in at]
        return ask(inputs, at, windows, f"policy, {name.replace('_', ' ')}")

    return CopyingAnswers(
        inputs,
        at,
        ask(inputs, at, whole, "policy"),
        ask(inputs, at, whole, "policy, asked again"),
        edited("other_actions"),
        edited("other_past"),
        edited("other_screen"),
    )


def diagnose_copying(inputs: DiagnosisInputs, seed: int = 0) -> tuple[Finding, CopyingAnswers]:
    """Return the finding on copying, and the answers that it is based on."""
    everywhere = put_questions(inputs, inputs.some(inputs.winning_N, PER_GAME), seed)
    asked = everywhere.where_there_is_a_choice()
    if not len(asked.at):
        words = "The demos win nothing here, or always take the same action."
        return Finding("copies", QUESTION, "cannot be decided", words, [], NOTE), everywhere
    lines = [
        *interventions(asked),
        *probe_lines(inputs, asked.at, asked.whole, seed),
        *score_lines(asked),
        *variety_lines(asked, seed),
    ]
    verdict, words = verdict_on_copying({each.name: each.over_all for each in lines})
    words += _by_game(lines, everywhere)
    return Finding("copies", QUESTION, verdict, words, lines, NOTE), everywhere


def _by_game(lines: list[Measure], everywhere: CopyingAnswers) -> str:
    """The verdict for each game, if there are several."""
    games = [str(game) for game in np.unique(everywhere.games)]
    if len(games) == 1:
        return ""
    found: list[str] = []
    for game in games:
        in_game = {each.name: each.by_game.get(game) for each in lines}
        has_choice = in_game["changed by the screen"] is not None
        found.append(
            f"{game} {verdict_on_copying(in_game)[0] if has_choice else 'no choice to make'}"
        )
    return f" By game: {', '.join(found)}."


NOTE = (
    "On winning stretches. changed by: how often the most probable choice changes if only that is"
    " edited. probe: out-of-fold accuracy (fold = recording); index: (actions - frame) on the"
    " policy minus the same on the demos, 0 = the level of the demos. entropy in bits."
)


def interventions(asked: CopyingAnswers) -> list[Measure]:
    """How often each edit changes the most probable choice, and how much it changes logits."""
    own = asked.whole.greedy()
    has_past = past_labels(asked.inputs, asked.at, 1) < LABELS
    edits = {
        "asking again": (asked.again, np.ones(len(own), dtype=np.bool_)),
        "past actions": (asked.other_actions, has_past),
        "past frames": (asked.other_past, has_past),
        "the screen": (asked.other_screen, np.ones(len(own), dtype=np.bool_)),
    }
    lines = [
        line(f"changed by {name}", "share", (answer.greedy() != own) & among, among,
             asked.games, asked.groups)
        for name, (answer, among) in edits.items()
    ]  # fmt: skip
    gaps = asked.whole.difference(asked.other_actions)
    largest = by_game(lambda at: _largest(gaps[at]), asked.games)
    return [*lines, Measure("largest change of a logit by past actions", "number", largest)]


def _largest(gaps: NDArray[np.float64]) -> Estimate:
    return Estimate(float(gaps.max()), None, None, len(gaps))


def probe_lines(
    inputs: DiagnosisInputs, at: NDArray[np.intp], whole: PolicyAnswers, seed: int = 0
) -> list[Measure]:
    """Accuracy of four probes (from actions or frame; of policy or demos), and copying index."""
    targets = {"the policy": whole.sampled(seed), "the demos": inputs.truth_N[at]}
    right = {name: _probes(inputs, at, labels) for name, labels in targets.items()}
    games, groups = inputs.games_N[at], inputs.groups_N[at]
    lines = [
        line(f"probe from {source}: {name}", "share", hits, None, games, groups)
        for name, by_source in right.items()
        for source, hits in by_source.items()
    ]
    lines += [
        line(f"commonest choice: {name}", "share", _commonest(labels, games), None, games, groups,
             is_baseline=True)
        for name, labels in targets.items()
    ]  # fmt: skip
    leans = {name: by["past actions"] - by["the frame"] for name, by in right.items()}
    index = leans["the policy"] - leans["the demos"]
    return [*lines, line("copying index", "points", index, None, games, groups)]


def _probes(
    inputs: DiagnosisInputs, at: NDArray[np.intp], labels: NDArray[np.intp]
) -> dict[str, NDArray[np.float64]]:
    """Whether each probe predicts each label out of fold, 1 or 0; games apart."""
    found = {name: np.full(len(at), np.nan) for name in ("past actions", "the frame")}
    recordings = np.unique(
        [inputs.transitions.episodes[e].guid for e in inputs.transitions.episode_N[at]],
        return_inverse=True,
    )[1]
    for game in np.unique(inputs.games_N[at]):
        of = np.flatnonzero(inputs.games_N[at] == game)
        folds = probe.folds_of(recordings[of], inputs.groups_N[at[of]])
        for name, features in _features(inputs, at[of]).items():
            predicted = probe.predict(features, labels[of], folds)
            found[name][of] = np.where(predicted < 0, np.nan, predicted == labels[of])
    return found


def _features(inputs: DiagnosisInputs, at: NDArray[np.intp]) -> dict[str, NDArray[np.float32]]:
    past = np.stack([past_labels(inputs, at, back) for back in range(1, BACK + 1)], axis=1)
    return {
        "past actions": probe.one_hot_labels(past, LABELS + 1),
        "the frame": probe.one_hot_cells(split_cells(inputs.transitions.frames_NHW[at])),
    }


def _commonest(labels_N: NDArray[np.intp], games_N: NDArray[np.str_]) -> NDArray[np.bool_]:
    hits = np.zeros(len(labels_N), dtype=np.bool_)
    for game in np.unique(games_N):
        of = games_N == game
        hits[of] = labels_N[of] == np.bincount(labels_N[of]).argmax()
    return hits


def score_lines(asked: CopyingAnswers) -> list[Measure]:
    """Accuracy at change points and where the demo repeats its action, with baselines."""
    inputs, at = asked.inputs, asked.at
    truth = inputs.truth_N[at]
    repeated = past_labels(inputs, at, 1) == truth
    reported_by = {"": asked.whole.greedy()}
    reported_by |= {name: labels[at] for name, labels in inputs.baselines.items()}
    return [
        line(f"right {where}{f': {name}' if name else ''}", "share", (choice == truth) & among,
             among, asked.games, asked.groups, is_baseline=bool(name))
        for where, among in (("at change points", ~repeated), ("at repeats", repeated))
        for name, choice in reported_by.items()
    ]  # fmt: skip


def variety_lines(asked: CopyingAnswers, seed: int) -> list[Measure]:
    """Entropy of choices, and recall averaged over the demo's choices."""
    truth = asked.inputs.truth_N[asked.at]
    greedy, sampled = asked.whole.greedy(), asked.whole.sampled(seed)
    majority = asked.inputs.baselines.get("majority")
    lines = [
        Measure(f"entropy of choices: {name}", "number",
             by_game(lambda at, labels=labels: _entropy(labels[at]), asked.games))
        for name, labels in (("sampled", sampled), ("likeliest", greedy), ("the demos", truth))
    ]  # fmt: skip
    lines.append(_recall_line("mean recall of a choice", asked, greedy, is_baseline=False))
    if majority is not None:
        name = "mean recall of a choice: majority"
        lines.append(_recall_line(name, asked, majority[asked.at], is_baseline=True))
    return lines


def _entropy(labels: NDArray[np.intp]) -> Estimate:
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    bits = float(max(-(shares * np.log2(shares)).sum(), 0.0))
    return Estimate(bits, None, None, len(labels))


def _recall_line(
    name: str, asked: CopyingAnswers, choice: NDArray[np.intp], *, is_baseline: bool
) -> Measure:
    truth = asked.inputs.truth_N[asked.at]

    def measure(at: NDArray[np.intp]) -> Estimate | None:
        classes, place, counts = np.unique(truth[at], return_inverse=True, return_counts=True)
        weights = len(at) / (len(classes) * counts[place])
        return mean((choice[at] == truth[at]) * weights, asked.groups[at])

    return Measure(name, "share", by_game(measure, asked.games), is_baseline)


def verdict_on_copying(over_all: dict[str, Estimate | None]) -> tuple[str, str]:
    """Return the verdict on copying, over all games or in one, and a sentence with the reasons."""
    actions, screen = over_all["changed by past actions"], over_all["changed by the screen"]
    again, index = over_all["changed by asking again"], over_all["copying index"]
    largest = over_all["largest change of a logit by past actions"]
    if actions is None or screen is None or index is None or largest is None:
        return "cannot be decided", "No winning stretch has a past action to edit."
    edits = (
        f"Editing past actions alone changes {as_text(actions, 'share')} of choices, editing the"
        f" screen alone {as_text(screen, 'share')}; the copying index is {as_text(index, 'points')}"
    )
    if again is not None and again.value > 0:
        return (
            "reads nothing",
            f"Asked the same again, it changes {as_text(again, 'share')} of its choices: they are"
            " random.",
        )
    if actions.above(LEVEL) and not screen.above(actions.value):
        return "copies", f"{edits}: it follows past actions, not the screen."
    if actions.above(LEVEL) or (index.above(LEVEL) and index_is_of_copying(over_all)):
        return "copies in part", f"{edits}: it uses the screen and past actions."
    if not screen.above(LEVEL):
        return "reads nothing", f"{edits}: neither past actions nor the screen changes it."
    proof = (
        "; past actions change no logit by a single bit"
        if largest.value == 0
        else f"; past actions change logits by up to {largest.value:.3g}"
    )
    return "reads the screen", edits + proof + "."


def index_is_of_copying(over_all: dict[str, Estimate | None]) -> bool:
    """Whether past actions predict the policy at all, which they do not if it ignores its input."""
    actions, baseline = (
        over_all.get("probe from past actions: the policy"),
        over_all.get("commonest choice: the policy"),
    )
    return actions is not None and baseline is not None and actions.above(baseline.value)
