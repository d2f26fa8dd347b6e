"""`arcworld train`: train a run on recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from arcworld.commands.arguments import Seed, data_words


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
    num_nodes: int | None = None,
    fault: list[str] | None = None,
    hold_out_player: list[str] | None = None,
    settings: Annotated[list[str] | None, Parameter(name="--set")] = None,
    tensorboard: bool = False,
) -> None:
    """Train tokenizer, world model and policy on recordings.

    Only the train part is read: the one that a `split.json` beside the data names, else four in
    five recordings of each game, by guid with the seed. Ctrl-C, or even a kill, loses half a minute
    at most: `--resume` continues to the same result as an uninterrupted run.

    Example: `arcworld train --data runs/demo/demos --recipe small --out runs/mine`

    Args:
        data: recordings: a folder, or a file; may be given several times.
        recipe: `debug` (under a minute, means nothing), `demo` (2 CPU cores, minutes), `small`
            (under half an hour), `small-long` (four times its steps), `small-vqvae` (with a VQ-VAE
            tokenizer), `base` (one GPU), `smollm2-360m` (SmolLM2-360M with weights from the Hugging
            Face hub).
        out: folder for the run; new or, with `--resume`, an unfinished run.
        scheme: `v2` has tokens for the position of a click; `v1` has none, and no separate policy.
        seed: of weights, batches and the split by guid.
        start: a run, or shipped weights, from which training starts, e.g. `small` before training
            on your own games. Its tokenizer is kept.
        only_policy: also keep the world model of `--start`, and train the policy alone.
        resume: continue the run in `--out`.
        fault: train with a fault, to measure its cost: `alignment` (frames are paired with the
            action that led to them), `split` (validation is trained on), `negatives` (nothing
            teaches that a level was not won). May be given several times.
        hold_out_player: leave out the recordings of this player (as `arcworld check` shows it), to
            measure the run on a player it never saw. May be given several times.
        settings: change one setting of the recipe: `key=value`, with dots for nested settings, e.g.
            `--set world_model_schedule.steps=500`. May be given several times.
        tensorboard: also write the measures of training for TensorBoard, into `OUT/tensorboard`
            (`pip install 'arcworld[tensorboard]'`).
        devices: number of processors or GPUs of each machine, or `auto`: GPUs if there are any, or
            as many as `torchrun` or `srun` started processes.
        num_nodes: number of machines; without it what `torchrun` or `srun` says, or 1.
    """
    from arcworld.commands.output import command, open_data, say
    from arcworld.commands.stop import continue_with
    from arcworld.models.run import from_pretrained
    from arcworld.training.faults import training_part, with_faults
    from arcworld.training.launch import find_launcher
    from arcworld.training.overrides import override
    from arcworld.training.recipes import recipe as find_recipe

    faults = fault or []
    found = with_faults(override(find_recipe(recipe, scheme), settings or ()), faults)
    held_out = hold_out_player or []
    dataset = open_data(data, seed).hold_out_players(held_out)
    folders = data_words(data)
    part = training_part(found, dataset)
    is_first = find_launcher().is_first
    if is_first:
        say(f"training on {len(part.guids)} recordings, {part.transitions:,} transitions")
    words = ["train", *folders, "--recipe", recipe, "--out", out, "--scheme", scheme]
    words += [word for name in faults for word in ("--fault", name)]
    words += [word for name in held_out for word in ("--hold-out-player", name)]
    words += [word for setting in settings or () for word in ("--set", setting)]
    words += ["--tensorboard"] if tensorboard else []
    words += ["--start", start] if start else []
    words += ["--only-policy"] if only_policy else []
    again = command(*words, "--seed", seed, "--resume")
    with continue_with(f"continue with: {again}"):
        from arcworld.training.train import train as train_run

        base = from_pretrained(start) if start else None
        train_run(
            found,
            dataset,
            out,
            seed=seed,
            resume=resume,
            devices=devices,
            num_nodes=num_nodes,
            start=base,
            only_policy=only_policy,
            tensorboard=tensorboard,
        )
    if is_first:
        print(f"{out}: done; measure it with: {command('evaluate', out, *folders)}")
