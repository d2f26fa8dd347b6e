"""`arcworld crossval`: measure a run's recipe on levels held out of training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from arcworld.commands.arguments import data_words

if TYPE_CHECKING:
    from arcworld.models.run import Run
    from arcworld.models.transformer.backbone import BackboneConfig
    from arcworld.recordings.dataset import Dataset
    from arcworld.training.loop import Schedule
    from arcworld.training.recipes import Recipe

SHORTER = 3
"""A fold trains for the recipe's steps divided by this."""


def crossval(run: Path, /, *, data: list[Path]) -> None:
    """Measure predictions and choices on levels held out of training.

    On levels that training showed, P(level won) and the policy may be memory. Therefore the run's
    recipe is trained three more times, for a third of its steps, each time without a third of every
    game's levels: episodes are cut so that no frame of them is left. Each of the three is then
    measured on the levels it never saw. The result is `held_out_levels.json` in the run's folder.
    `arcworld evaluate` shows it from then on, and `arcworld tournament --held-out-levels` plays
    those levels. Takes about as long as training the run. Stop it with Ctrl-C; the same command
    continues.

    Example: `arcworld crossval runs/demo --data runs/demo/demos`

    Args:
        run: folder that `arcworld train` made.
        data: the recordings that the run was trained and validated on; may be given several times.
    """
    from arcworld.commands.evaluate import open_run
    from arcworld.commands.output import Reporter, command, open_data, print_tables, write_json
    from arcworld.commands.stop import continue_with
    from arcworld.evaluation.measures.held_out_levels import RESULT, measure_held_out_levels
    from arcworld.evaluation.report.headline import held_out_tables
    from arcworld.training.launch import check_alone, find_launcher
    from arcworld.training.overrides import recipe_of

    check_alone("crossval", find_launcher())
    opened = open_run(run)
    dataset = opened.with_split(open_data(data, int(opened.about["seed"])))
    numbers = _folds(dataset)
    found = recipe_of(opened.about, opened.folder / "run.json")
    short = _shorter(found, opened.world_model.config.backbone)
    with continue_with(f"continue with: {command('crossval', run, *data_words(data))}"):
        folds = {fold: _train(opened, short, dataset, fold) for fold in numbers}
        with Reporter() as report:
            result = measure_held_out_levels(folds, dataset, report)
    write_json(opened.folder / RESULT, result.as_dict())
    print_tables(held_out_tables(result))
    shows = command("evaluate", run, *data_words(data))
    print(f"{opened.folder / RESULT}: written; `{shows}` shows it")


def _folds(dataset: Dataset) -> list[int]:
    """The folds to train, from 0; prints which are left out, and why.

    Raises:
        ArcworldError: no fold is left.
    """
    from arcworld.commands.output import say
    from arcworld.errors import ArcworldError
    from arcworld.evaluation.measures.folds import FOLDS, fold_data, folds_reached, levels_of_fold

    reached, kept = folds_reached(dataset), list[int]()
    for fold in range(FOLDS):
        named = _named(levels_of_fold(dataset, fold))
        if not dataset.split.train & set(fold_data(dataset, fold).guids):
            say(f"fold {fold + 1} of {FOLDS} is left out: training would show nothing but {named}")
        elif fold not in reached:
            say(f"fold {fold + 1} of {FOLDS} is left out: no recording shows {named}")
        else:
            kept.append(fold)
    if not kept:
        raise ArcworldError(
            f"{dataset.path}: found no fold to train and measure; expected recordings of several"
            " levels of a game; add recordings that win levels"
        )
    return kept


def _named(levels: Mapping[str, range]) -> str:
    return ", ".join(f"{game} {_span(levels[game])}" for game in sorted(levels))


def _shorter(recipe: Recipe, backbone: BackboneConfig) -> Recipe:
    """Return the recipe with a third of the steps for world model and policy.

    The backbone is that of the opened run, so that no other pretrained model is loaded.
    """
    from dataclasses import replace

    def shorter(schedule: Schedule) -> Schedule:
        return replace(schedule, steps=max(schedule.steps // SHORTER, 1))

    return replace(
        recipe,
        world_model=replace(recipe.world_model, backbone=backbone),
        world_model_schedule=shorter(recipe.world_model_schedule),
        policy_schedule=shorter(recipe.policy_schedule),
    )


def _train(run: Run, recipe: Recipe, dataset: Dataset, fold: int) -> Run:
    """Train the run of one fold, or resume it, or load it if it is complete."""
    from arcworld.commands.output import say
    from arcworld.evaluation.measures.folds import FOLDS, fold_data, fold_folder, levels_of_fold
    from arcworld.training.train import train

    levels = levels_of_fold(dataset, fold)
    named = _named(levels)
    say(f"fold {fold + 1} of {FOLDS}: training without {named}")
    out = fold_folder(run.folder, fold)
    begun = (out / "run.json").is_file()
    cut = fold_data(dataset, fold)
    return train(recipe, cut, out, seed=int(run.about["seed"]), resume=begun, devices="auto")


def _span(levels: range) -> str:
    """Describe levels, counted from 1.

    >>> _span(range(1, 2)), _span(range(4, 7))
    ('level 2', 'levels 5-7')
    """
    if len(levels) == 1:
        return f"level {levels[0] + 1}"
    return f"levels {levels[0] + 1}-{levels[-1] + 1}"
