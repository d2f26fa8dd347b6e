"""`arcworld crossval`: what is known of levels that training never showed?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arcworld.models.run import Run
    from arcworld.recordings.dataset import Dataset
    from arcworld.training.loop import Schedule
    from arcworld.training.recipes import Recipe

SHORTER = 3
"""A fold trains for a third of the recipe's steps."""


def crossval(run: Path, /, *, data: Path) -> None:
    """Measure predictions and choices on levels held out of training.

    On levels that training showed, P(level won) and the policy may be memory. So the run's recipe
    is trained three times more, for a third of its steps, each time without a third of every game's
    levels: episodes are cut so that no frame of them is left. Each of the three is then measured on
    the levels it never saw. The result is `held_out_levels.json` in the run's folder, and `arcworld
    evaluate` shows it from then on; `arcworld tournament --held-out-levels` plays those levels.
    Takes about as long as training the run did. Stop it with Ctrl-C; the same command goes on.

    Example: `arcworld crossval runs/demo --data runs/demo/demos`

    Args:
        run: folder that `arcworld train` made.
        data: the recordings it was trained on, and those that validate.
    """
    from arcworld.commands.evaluate import open_run
    from arcworld.commands.output import Reporter, command, open_data, print_tables, write_json
    from arcworld.commands.stop import go_on_with
    from arcworld.evaluation.folds import FOLDS
    from arcworld.evaluation.headline import held_out_tables
    from arcworld.evaluation.held_out_levels import RESULT, measure_held_out_levels
    from arcworld.training.recipes import recipe

    opened = open_run(run)
    dataset = open_data(data, int(opened.about["seed"]))
    short = _shorter(recipe(opened.about["recipe"], opened.about["scheme"]))
    with go_on_with(f"go on with: {command('crossval', run, '--data', data)}"):
        folds = [_train(opened, short, dataset, fold) for fold in range(FOLDS)]
        with Reporter() as report:
            found = measure_held_out_levels(folds, dataset, report)
    write_json(opened.folder / RESULT, found.as_dict())
    print_tables(held_out_tables(found))
    print(
        f"{opened.folder / RESULT}: written; `{command('evaluate', run, '--data', data)}` shows it"
    )


def _shorter(recipe: Recipe) -> Recipe:
    """World model and policy in a third of their steps."""
    from dataclasses import replace

    def shorter(schedule: Schedule) -> Schedule:
        return replace(schedule, steps=max(schedule.steps // SHORTER, 1))

    return replace(
        recipe,
        world_model_schedule=shorter(recipe.world_model_schedule),
        policy_schedule=shorter(recipe.policy_schedule),
    )


def _train(run: Run, recipe: Recipe, dataset: Dataset, fold: int) -> Run:
    """The fold's run, trained, gone on with, or found done."""
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
    """Levels as people count them.

    >>> _span(range(1, 2)), _span(range(4, 7))
    ('level 2', 'levels 5-7')
    """
    if len(levels) == 1:
        return f"level {levels[0] + 1}"
    return f"levels {levels[0] + 1}-{levels[-1] + 1}"
