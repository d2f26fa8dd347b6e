"""Test of the diagnosis: policies of known behaviour go through the same command.

One copies, one reads the screen, one is random, and one is constant. The command must distinguish
them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from arcworld.cli import main
from arcworld.models.policies.policy import Policy
from arcworld.models.run import Run
from arcworld.recordings import Dataset


@pytest.fixture(scope="module")
def reported(
    made_up: Dataset,
    barely: Run,
    controls: dict[str, Policy],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, Any]]:
    """JSON that the command writes for each control."""
    folder, found = tmp_path_factory.mktemp("controls"), dict[str, dict[str, Any]]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARCWORLD_CACHE", str(folder / "cache"))
        patch.setattr("arcworld.diagnosis.clicks.PER_GAME", 8)
        for name, policy in controls.items():
            run = replace(barely, folder=Path(name), policy=cast(Any, policy))
            patch.setattr("arcworld.commands.evaluate.open_run", lambda _, run=run: run)
            path = folder / f"{name}.json"
            line = ["diagnose", name, "--data", str(made_up.path), "--json", str(path)]
            assert main(line) == 0
            found[name] = json.loads(path.read_text())["findings"]
    return found


def value(finding: dict[str, Any], measure: str, game: str = "all") -> float:
    return finding["measures"][measure]["games"][game]["value"]


def test_each_control_gets_its_own_verdict(reported: dict[str, dict[str, Any]]) -> None:
    verdicts = {name: findings["copies"]["verdict"] for name, findings in reported.items()}
    assert verdicts == {
        "copier": "copies",
        "reader": "reads the screen",
        "lots": "reads nothing",
        "blind": "reads nothing",
    }
    assert "they are random" in reported["lots"]["copies"]["words"]
    assert "neither past actions nor the screen" in reported["blind"]["copies"]["words"]


def test_interventions_change_the_right_choices(reported: dict[str, dict[str, Any]]) -> None:
    copier, reader = reported["copier"]["copies"], reported["reader"]["copies"]
    for game in ("all", "walks", "lamps"):
        assert value(copier, "changed by past actions", game) > 0.9
        assert value(copier, "changed by the screen", game) == 0
        assert value(copier, "changed by past frames", game) == 0
        assert value(reader, "changed by past actions", game) == 0
        assert value(reader, "largest change of a logit by past actions", game) == 0
        assert value(reader, "changed by the screen", game) > 0.5
    assert value(reported["lots"]["copies"], "changed by asking again") > 0.5


def test_the_index_is_0_for_the_reader_and_higher_for_the_copier(
    reported: dict[str, dict[str, Any]],
) -> None:
    copier, reader = (reported[name]["copies"] for name in ("copier", "reader"))
    assert abs(value(reader, "copying index")) <= 0.05
    assert value(copier, "copying index") > 0.2
    assert copier["measures"]["copying index"]["games"]["all"]["low"] > 0.05
    probes = "probe from past actions: the policy"
    assert value(copier, probes) > 0.75 > 0.5 > value(reported["lots"]["copies"], probes)
    for name in ("probe from the frame: the demos", "probe from past actions: the demos"):
        assert len({value(each["copies"], name) for each in reported.values()}) == 1


def test_a_copier_looks_good_until_the_action_changes(reported: dict[str, dict[str, Any]]) -> None:
    copier, reader = reported["copier"]["copies"], reported["reader"]["copies"]
    assert value(copier, "right at repeats") == 1 and value(copier, "right at change points") == 0
    assert value(reader, "right at repeats") == value(reader, "right at change points") == 1
    assert value(copier, "right at repeats: repeat") == 1
    blind = reported["blind"]["copies"]
    assert value(blind, "entropy of choices: likeliest", "walks") == 0
    assert value(reader, "mean recall of a choice") == pytest.approx(1)
    assert value(blind, "mean recall of a choice") < 1


def test_measures_without_the_policy_are_equal_for_all(
    reported: dict[str, dict[str, Any]],
) -> None:
    for key in ("sees_clicks", "aligned", "split", "against_baselines", "calibrated"):
        assert len({json.dumps(each[key]) for each in reported.values()}) == 1, key
    split = reported["copier"]["split"]
    assert split["verdict"] == "yes" and split["words"].startswith("0 of 4 recordings")


def test_games_that_are_not_found_are_named(reported: dict[str, dict[str, Any]]) -> None:
    acts = reported["reader"]["acts"]
    assert acts["verdict"] == "not tried" and "lamps, walks" in acts["words"]
    assert value(acts, "loc_acc") == 1 == value(acts, "type_acc")
