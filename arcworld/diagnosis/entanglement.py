"""Measure whether policy and dynamics are entangled, as they are if they share a head.

Two rank correlations are computed. Over the legal actions of a state: P(level won | action) with
how often training takes the action, and with the policy's probability of it. Over transitions:
surprise at the next frame with how improbable the policy found the action, given how much truly
changed and whether the transition is novel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from arcworld.diagnosis.answers import PolicyAnswers, ask
from arcworld.diagnosis.estimates import (
    Estimate,
    Measure,
    by_game,
    line,
    rank_correlation,
)
from arcworld.diagnosis.finding import Finding, as_text
from arcworld.diagnosis.inputs import DiagnosisInputs
from arcworld.evaluation.measures.baselines import choices
from arcworld.evaluation.measures.frame_measures import same_cells
from arcworld.evaluation.measures.inference import TeacherForced
from arcworld.evaluation.measures.pooling import interval
from arcworld.evaluation.measures.transitions import Transitions
from arcworld.models.policies.policy import MaskedPolicy
from arcworld.planning.candidates import Candidates
from arcworld.planning.encoded_history import EncodedHistory
from arcworld.recordings.episode import CLICK, Outcome
from arcworld.tokens.cells import NO_CELL

STATES = 24
"""Number of states per game in which every legal action is evaluated."""
PER_GAME = 250
FREE = 0.1
"""A correlation up to this value does not count as entanglement."""
DRAWS = 200
QUESTION = "Are policy and dynamics entangled?"
NOTE = (
    "Rank correlations, -1 to 1; 0: not entangled. level: over the legal actions of a state that"
    " does not win the level at once. surprise: given how many cells changed, and novelty."
)


def diagnose_entanglement(inputs: DiagnosisInputs, forced: TeacherForced | None) -> Finding:
    """Return the finding on entanglement.

    Args:
        inputs: what is measured.
        forced: surprise at every transition; None leaves out its correlation.
    """
    lines = [*level_lines(inputs)]
    if forced is not None:
        lines.append(surprise_line(inputs, forced))
    own_heads = isinstance(inputs.run.policy, MaskedPolicy)
    heads = "its own heads" if own_heads else "no head of its own"
    found = [each for each in lines if each.over_all is not None]
    said = "; ".join(f"{each.name} {as_text(each.over_all, 'number')}" for each in found)
    if not found:
        return Finding("entangled", QUESTION, "cannot be decided", "Nothing varies.", lines, NOTE)
    tied = [each for each in found if each.over_all is not None and each.over_all.above(FREE)]
    verdict = "entangled" if tied else "apart"
    if tied and len(tied) < len(found):
        verdict = "entangled in part"
    words = f"The policy has {heads}. Rank correlations: {said}."
    return Finding("entangled", QUESTION, verdict, words, lines, NOTE)


def level_lines(inputs: DiagnosisInputs) -> list[Measure]:
    """Correlation of P(level won | action) with habit and with the policy, averaged over states."""
    t = inputs.transitions
    at = inputs.some(inputs.chosen_N & ~t.level_up_N, STATES)
    prior = ask(inputs, at, [inputs.window(int(i)) for i in at], "policy, of each action")
    source = inputs.trained if inputs.trained is not None else t
    habits = {str(game): _habit(source, str(game)) for game in np.unique(t.games_N)}
    frequency, likelihood = (np.full(len(at), np.nan) for _ in range(2))
    for k, i in enumerate(at):
        candidates = Candidates.legal(np.flatnonzero(inputs.legal_N8[i]).tolist())
        encoded = EncodedHistory(inputs.run.world_model, inputs.window(int(i)))
        level = encoded.outcomes(candidates)[:, Outcome.LEVEL_WON]
        habit = habits[str(t.games_N[i])][candidates.types_N, candidates.cells_N]
        frequency[k] = _or_nan(rank_correlation(level, habit))
        likelihood[k] = _or_nan(rank_correlation(level, _likelihood(prior, k, candidates)))
        inputs.progress("levels, of each action", k + 1, len(at))
    games, groups = t.games_N[at], inputs.groups_N[at]
    return [
        line("P(level | action) with how often it is taken", "number", frequency, None, games,
             groups),
        line("P(level | action) with the policy's likelihood of it", "number", likelihood, None,
             games, groups),
    ]  # fmt: skip


def _likelihood(prior: PolicyAnswers, k: int, candidates: Candidates) -> NDArray[np.float64]:
    one = PolicyAnswers(prior.inputs, prior.types_N8[[k]], prior.cells_N64[[k]])
    each = PolicyAnswers(
        one.inputs,
        np.repeat(one.types_N8, len(candidates), 0),
        np.repeat(one.cells_N64, len(candidates), 0),
    )
    return each.likelihood(candidates.types_N, candidates.cells_N)


def _habit(source: Transitions, game: str) -> NDArray[np.float64]:
    """How often each type and cell was used in a game, [8, 65]."""
    types, cells = choices(source)
    counts = np.zeros((8, NO_CELL + 1))
    of = source.games_N == game
    np.add.at(counts, (types[of], np.where(types[of] == CLICK, cells[of], NO_CELL)), 1)
    return counts


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def surprise_line(inputs: DiagnosisInputs, forced: TeacherForced) -> Measure:
    """Correlation of surprise with how improbable the policy found the action."""
    t = inputs.transitions
    at = inputs.some(inputs.chosen_N, PER_GAME)
    answers = ask(inputs, at, [inputs.window(int(i)) for i in at], "policy, of the action taken")
    types, cells = choices(t)
    games, groups = t.games_N[at], inputs.groups_N[at]
    unlikely = _ranked(-np.maximum(answers.likelihood(types[at], cells[at]), -50.0), games)
    surprise = _ranked(forced.nll_NC[at].astype(np.float64).sum(1), games)
    changed = (~same_cells(t.frames_NHW[at], t.next_NHW[at])).sum(1)
    given = {"changed": _ranked(changed, games), "novel": _ranked(t.novel_N[at], games)}

    def measure(of: NDArray[np.intp]) -> Estimate | None:
        return _resampled(unlikely[of], surprise[of], {k: v[of] for k, v in given.items()},
                          groups[of])  # fmt: skip

    return Measure("surprise with the policy's unlikelihood of the action", "number",
                by_game(measure, games))  # fmt: skip


def _ranked(values_N: NDArray[Any], games_N: NDArray[np.str_]) -> NDArray[np.float64]:
    """Ranks within each game, so that games of different scale can be pooled."""
    ranked = np.zeros(len(values_N))
    for game in np.unique(games_N):
        of = games_N == game
        ranked[of] = (rankdata(values_N[of]) - 0.5) / of.sum()
    return ranked


def _resampled(
    a_N: NDArray[np.float64],
    b_N: NDArray[np.float64],
    given: dict[str, NDArray[np.generic]],
    groups_N: NDArray[np.intp],
) -> Estimate | None:
    """A partial rank correlation, with an interval by resampling whole stretches."""
    value = rank_correlation(a_N, b_N, given)
    if value is None:
        return None
    members = [np.flatnonzero(groups_N == group) for group in np.unique(groups_N)]
    if len(members) < 2:
        return Estimate(value, None, None, len(a_N))
    rng = np.random.default_rng(0)
    values: list[float] = []
    for _ in range(DRAWS):
        of = np.concatenate([members[k] for k in rng.integers(len(members), size=len(members))])
        drawn = rank_correlation(a_N[of], b_N[of], {k: v[of] for k, v in given.items()})
        values += [] if drawn is None else [drawn]
    low, high = interval(np.array(values)) or (value, value)
    return Estimate(value, low, high, len(a_N))
