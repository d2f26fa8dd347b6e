"""`arcworld crossval`: measure a run's recipe on levels held out of training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arcworld.models.run import Run
    from arcworld.recordings.dataset import Dataset
    from arcworld.training.loop import Schedule
    from arcworld.training.recipes import Recipe

SHORTER = 3
"""A fold trains for the recipe's steps divided by this."""


def crossval(run: Path, /, *, data: Path) -> None:
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
        data: the recordings that the run was trained and validated on.
    """
    from arcworld.commands.evaluate import open_run
    from arcworld.commands.output import Reporter, command, open_data, print_tables, write_json
    from arcworld.commands.stop import continue_with
    from arcworld.evaluation.folds import FOLDS
    from arcworld.evaluation.headline import held_out_tables
    from arcworld.evaluation.held_out_levels import RESULT, measure_held_out_levels
    from arcworld.training.recipes import recipe

    opened = open_run(run)
    dataset = open_data(data, int(opened.about["seed"]))
    short = _shorter(recipe(opened.about["recipe"], opened.about["scheme"]))
    with continue_with(f"continue with: {command('crossval', run, '--data', data)}"):
        folds = [_train(opened, short, dataset, fold) for fold in range(FOLDS)]
        with Reporter() as report:
            found = measure_held_out_levels(folds, dataset, report)
    write_json(opened.folder / RESULT, found.as_dict())
    print_tables(held_out_tables(found))
    print(
        f"{opened.folder / RESULT}: written; `{command('evaluate', run, '--data', data)}` shows it"
    )


def _shorter(recipe: Recipe) -> Recipe:
    """Return the recipe with a third of the steps for world model and policy."""
    from dataclasses import replace

    def shorter(schedule: Schedule) -> Schedule:
        return replace(schedule, steps=max(schedule.steps // SHORTER, 1))

    return replace(
        recipe,
        world_model_schedule=shorter(recipe.world_model_schedule),
        policy_schedule=shorter(recipe.policy_schedule),
    )


def _train(run: Run, recipe: Recipe, dataset: Dataset, fold: int) -> Run:
    """Train the run of one fold, or resume it, or load it if it is complete."""
    from arcworld.commands.output import say
    from arcworld.evaluation.folds import FOLDS, fold_data, fold_folder, levels_of_fold
    from arcworld.training.train import train

    levels = levels_of_fold(dataset, fold)
    named = ", ".join(f"{game} {_span(levels[game])}" for game in sorted(levels))
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
