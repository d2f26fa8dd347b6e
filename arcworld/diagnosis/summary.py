"""The closing table, v1 against v2, with measurements.

Its rows, the statements on v1 and the expectations of v2 are from the analysis that the project
started from.
"""

from __future__ import annotations

from collections.abc import Sequence

from arcworld.diagnosis.clicks import SEEN
from arcworld.diagnosis.diagnose import Diagnosis
from arcworld.diagnosis.estimates import Estimate
from arcworld.diagnosis.finding import NOTHING, Finding, as_text
from arcworld.evaluation.report.report_tables import TextTable

COLUMNS = ("aspect", "stated of v1", "v1 measured", "expected of v2", "v2 measured", "verdict")
HOLDS, FAILS, UNCLEAR = "holds", "does not hold", "no clear difference"
NOTE = (
    "stated, expected: by the analysis that the project started from. clicks: gain in changed cells"
    " predicted right with a click's true position over another. index: the copying index; edits:"
    " choices changed by editing past actions alone. rank correlations of P(level | action) with"
    " the policy's likelihood of the action. frames: cells right, per frame, on all sampled"
    " transitions. hits: clicks with the same result as the demo's."
)


def summary_table(first: Diagnosis, second: Diagnosis) -> TextTable:
    """Return the table; the first run takes the place of v1, the second of v2."""
    about = [diagnosis.about for diagnosis in (first, second)]
    title = (
        f"Closing table, measured: {about[0]['run']} ({about[0]['scheme']}) against"
        f" {about[1]['run']} ({about[1]['scheme']})"
    )
    rows = [
        _clicks(first, second),
        _copies(first, second),
        _entangled(first, second),
        *_frames(first, second),
        _acts(first, second),
    ]
    return TextTable(title, COLUMNS, rows, NOTE, text_columns=len(COLUMNS))


def _clicks(first: Diagnosis, second: Diagnosis) -> Sequence[str]:
    name = "true over another place"
    gains = [each["sees_clicks"].value(name) for each in (first, second)]
    if gains[0] is None or gains[1] is None:
        verdict = NOTHING
    else:
        verdict = HOLDS if gains[1].above(SEEN) and not gains[0].above(SEEN) else FAILS
    return ("click game dynamics", "cannot learn (no coordinates)", as_text(gains[0], "points"),
            "should learn spatial effects", as_text(gains[1], "points"), verdict)  # fmt: skip


def _copies(first: Diagnosis, second: Diagnosis) -> Sequence[str]:
    findings = [each["copies"] for each in (first, second)]
    v1_copies = findings[0].verdict.startswith("copies")
    v2_reads = findings[1].verdict == "reads the screen"
    verdict = HOLDS if v1_copies and v2_reads else "holds in part" if v2_reads else FAILS
    return ("action prediction", "mode-collapsed (copies history)", _copying(findings[0]),
            "must read visual state", _copying(findings[1]), verdict)  # fmt: skip


def _copying(finding: Finding) -> str:
    index = as_text(finding.value("copying index"), "points")
    edits = as_text(finding.value("changed by past actions"), "share")
    return f"{finding.verdict}: index {index}, edits {edits}"


def _entangled(first: Diagnosis, second: Diagnosis) -> Sequence[str]:
    findings = [each["entangled"] for each in (first, second)]
    tied = [finding.verdict.startswith("entangled") for finding in findings]
    verdict = HOLDS if tied == [True, False] else "holds in part" if not tied[1] else FAILS
    name = "P(level | action) with the policy's likelihood of it"
    words = [f"{f.verdict}: {as_text(f.value(name), 'number')}" for f in findings]
    return ("policy independence", "entangled with dynamics", words[0],
            "architecturally separated", words[1], verdict)  # fmt: skip


def _frames(first: Diagnosis, second: Diagnosis) -> list[Sequence[str]]:
    clicked = second["sees_clicks"].line("changed cells right: true place")
    assert clicked is not None
    plain = [game for game in second.games if clicked.by_game.get(game) is None]
    others = [game for game in second.games if game not in plain]
    rows: list[Sequence[str]] = []
    for games, v1_words, v2_words in (
        (plain, "88.4 % (on ls20)", "should maintain or improve"),
        (others, "unguided", "should improve with spatial context"),
    ):
        for game in games:
            pair = [_cells(each, game) for each in (first, second)]
            verdict = compared(pair[0], pair[1], may_stay=games is plain)
            words = [_beside_copy(each, game) for each in (first, second)]
            rows.append((f"{game} frame prediction", v1_words, words[0], v2_words, words[1],
                         verdict))  # fmt: skip
    return rows


def _cells(diagnosis: Diagnosis, game: str) -> Estimate | None:
    return diagnosis["against_baselines"].value("cells right, all", game)


def _beside_copy(diagnosis: Diagnosis, game: str) -> str:
    copy = diagnosis["against_baselines"].value("cells right, all: copy", game)
    beside = f"; copy {100 * copy.value:.1f} %" if copy else ""
    return f"{as_text(_cells(diagnosis, game), 'share')}{beside}"


def _acts(first: Diagnosis, second: Diagnosis) -> Sequence[str]:
    name = "clicks that hit: the policy"
    hits = [each["acts"].value(name) for each in (first, second)]
    if hits[1] is None:
        name = "loc_acc"
        hits = [each["acts"].value(name) for each in (first, second)]
    words = [as_text(value, "share") if value else "no place of a click" for value in hits]
    baseline = second["acts"].value("clicks that hit: baseline: repeat")
    beside = f"; repeat {100 * baseline.value:.1f} %" if baseline and name != "loc_acc" else ""
    verdict = compared(hits[0], hits[1], may_stay=False) if hits[0] else HOLDS
    verdict = verdict if hits[1] else NOTHING
    return ("agent on click games", "cannot select locations", words[0],
            "full spatial action output", words[1] + beside, verdict)  # fmt: skip


def compared(first: Estimate | None, second: Estimate | None, *, may_stay: bool) -> str:
    """Compare two estimates; if `may_stay`, equal is good enough.

    >>> compared(Estimate(0.8, 0.7, 0.9, 9), Estimate(0.85, 0.75, 0.95, 9), may_stay=True)
    'holds'
    >>> compared(Estimate(0.8, 0.7, 0.9, 9), Estimate(0.85, 0.75, 0.95, 9), may_stay=False)
    'no clear difference'
    """
    if first is None or second is None:
        return NOTHING
    high = first.value if first.high is None else first.high
    low = first.value if first.low is None else first.low
    if second.above(high):
        return HOLDS
    if second.below(low):
        return FAILS
    return HOLDS if may_stay else UNCLEAR
