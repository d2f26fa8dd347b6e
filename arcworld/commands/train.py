"""`arcworld train`: from recordings to a run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from arcworld.commands.arguments import Seed


def train(
    *,
    data: list[Path],
    recipe: str,
    out: Path,
    scheme: Literal["v1", "v2"] = "v2",
    seed: Seed = 0,
    start: str | None = None,
    only_policy: bool = False,
    resume: bool = False,
    devices: str = "auto",
    fault: list[str] | None = None,
) -> None:
    """Train tokenizer, world model and policy on recordings.

    Only the train part is read: what a `split.json` beside the data names, else four in five
    recordings of each game, by guid with the seed. Ctrl-C, or even a kill, loses half a minute at
    most: `--resume` goes on to the same result as an unbroken run.

    Example: `arcworld train --data runs/demo/demos --recipe small --out runs/mine`

    Args:
        data: recordings: a folder, or a file; given several times, all of them.
        recipe: `debug` (under a minute, means nothing), `demo` (2 CPU cores, minutes), `small`
            (under half an hour), `small-long` (four times its steps), `small-vqvae` (on the seed's
            tokenizer), `base` (one GPU), `smollm2-360m` (the seed's, with weights from the Hugging
            Face hub).
        out: folder for the run, new or, with `--resume`, one that was begun.
        scheme: `v2` tells where a click went; `v1` does not, and has no separate policy.
        seed: of weights, batches and the split by guid.
        start: a run, or shipped weights, whose weights training starts from: your own games on top
            of `small`, say. It keeps that run's tokenizer.
        only_policy: keep the world model of `--start`, too, and train the policy alone.
        resume: go on with the run in `--out`.
        fault: put in a fault of the first attempt, to measure its cost: `alignment` (frames with
            the action that led to them), `split` (validation is trained on), `negatives` (nothing
            teaches that a level was not won). May be given several times.
        devices: how many processors or GPUs, or `auto`: one GPU or more where there are.
    """
    from arcworld.commands.output import command, open_data, say
    from arcworld.commands.stop import go_on_with
    from arcworld.models.run import from_pretrained
    from arcworld.training.faults import training_part, with_faults
    from arcworld.training.recipes import recipe as find_recipe

    faults = fault or []
    found = with_faults(find_recipe(recipe, scheme), faults)
    dataset = open_data(data, seed)
    folders = [word for folder in data for word in ("--data", folder)]
    part = training_part(found, dataset)
    say(f"training on {len(part.guids)} recordings, {part.transitions:,} transitions")
    words = ["train", *folders, "--recipe", recipe, "--out", out, "--scheme", scheme]
    words += [word for name in faults for word in ("--fault", name)]
    words += ["--start", start] if start else []
    words += ["--only-policy"] if only_policy else []
    again = command(*words, "--seed", seed, "--resume")
    with go_on_with(f"go on with: {again}"):
        from arcworld.training.train import train as train_run

        base = from_pretrained(start) if start else None
        train_run(
            found,
            dataset,
            out,
            seed=seed,
            resume=resume,
            devices=devices,
            start=base,
            only_policy=only_policy,
        )
    print(f"{out}: done; measure it with: {command('evaluate', out, *folders)}")
