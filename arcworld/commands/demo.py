"""`arcworld demo`: the whole path in one command."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from arcworld.commands.arguments import Actions, Seed

if TYPE_CHECKING:
    from arcworld.evaluation.evaluate import Evaluation
    from arcworld.evaluation.pooling import Table
    from arcworld.evaluation.report_page import PlayedGame
    from arcworld.models.run import Run
    from arcworld.recordings.dataset import Dataset


def demo(
    *,
    out: Path = Path("runs/demo"),
    recipe: str = "demo",
    seed: Seed = 0,
    max_actions: Actions = 200,
) -> None:
    """Make demos, train, evaluate and play: the whole path, with a report at the end.

    Scripted players make recordings of the project's own games. Tokenizer, world model and policy
    learn from those of the training games, are measured on recordings and on games they never
    saw, and an agent plays with them. The report, with pictures, is `report/report.md` in the
    run's folder. About ten minutes on two CPU cores. Stop it with Ctrl-C; the same command goes on.

    Example: `arcworld demo --recipe debug --out runs/first` (a minute; its numbers mean nothing)

    Args:
        out: folder of the run; everything is in it.
        recipe: as for `arcworld train`; `demo` is `small`, cut short.
        seed: of demos, training and play.
        max_actions: how long the agent may play each of two games.
    """
    from arcworld.commands.output import command
    from arcworld.commands.stop import go_on_with
    from arcworld.training.recipes import recipe as find_recipe

    find_recipe(recipe)
    words = ["demo", "--out", out, "--recipe", recipe, "--seed", seed]
    with go_on_with(f"go on with: {command(*words)}"):
        page = _Demo(out, recipe, seed, max_actions).run()
    print(f"report: {page}")
    print(f"the run: {out}; try {command('play', out, '--game', 'relay')}")


@dataclass(frozen=True)
class _Demo:
    """The five steps; each finds what earlier ones left in the folder."""

    out: Path
    recipe: str
    seed: int
    max_actions: int

    def run(self) -> Path:
        """All five; where the report is."""
        from arcworld.commands.output import say
        from arcworld.evaluation.report_page import write_page

        say("1/5 demos: scripted players record the project's own games")
        dataset = self._demos()
        say("2/5 training: tokenizer, world model, policy")
        run = self._train(dataset)
        say("3/5 evaluation: recordings never trained on, then games never trained on")
        known, unknown = self._evaluate(run, dataset)
        say("4/5 play: one game of training, one that was held out, beside random play")
        played = self._play(run)
        say("5/5 report")
        return write_page(run, known, unknown, played)

    @property
    def _data(self) -> Path:
        return self.out / "demos"

    def _demos(self) -> Dataset:
        from arcworld.commands.output import Reporter, open_data
        from arcworld.games.demos import make_demos

        if not (self._data / "split.json").is_file():
            with Reporter() as report:
                make_demos(
                    self._data,
                    seed=self.seed,
                    progress=lambda done, total, _: report("demos", done, total),
                )
        return open_data(self._data, self.seed)

    def _train(self, dataset: Dataset) -> Run:
        from arcworld.training.recipes import recipe
        from arcworld.training.train import train, train_vqvae

        begun = (self.out / "run.json").is_file()
        found = recipe(self.recipe)
        run = train(found, dataset, self.out, seed=self.seed, resume=begun, devices="1")
        if self._shows_vqvae:
            train_vqvae(found, dataset, self._vqvae, seed=self.seed)
        return run

    @property
    def _vqvae(self) -> Path:
        return self.out / "vqvae"

    @property
    def _shows_vqvae(self) -> bool:
        """Whether the seed's tokenizer is trained beside the run's own, which is another."""
        from arcworld.training.recipes import recipe

        return recipe(self.recipe).codebook is not None

    def _evaluate(self, run: Run, dataset: Dataset) -> tuple[Evaluation, Evaluation]:
        from arcworld.commands.evaluate import measure
        from arcworld.commands.output import print_tables, write_json
        from arcworld.evaluation.report_tables import describe_evaluation, seed_tables

        found: list[Evaluation] = []
        few = _one_held_out_each(dataset)
        for split, data in (("validation", dataset), ("held_out", few)):
            one = measure(run, data, split)
            if self._shows_vqvae:
                one.parts["tokenizer_vqvae"] = self._measure_vqvae(run, one)
            print(describe_evaluation(one.about))
            print_tables(seed_tables(one.parts, one.about)[:1])
            write_json(self.out / "report" / f"{split}.json", one.as_dict())
            found.append(one)
        return found[0], found[1]

    def _measure_vqvae(self, run: Run, evaluation: Evaluation) -> Table:
        from arcworld.evaluation.tokenizer import evaluate_tokenizer
        from arcworld.frames.vqvae import VQVAE
        from arcworld.models.checkpoint import load_model

        tokenizer = load_model(self._vqvae)
        assert isinstance(tokenizer, VQVAE)
        episodes = evaluation.transitions.episodes
        return evaluate_tokenizer(tokenizer, episodes, run.novelty_index, None)["tokenizer"]

    def _play(self, run: Run) -> list[PlayedGame]:
        from arcworld.commands.output import write_json
        from arcworld.commands.play import play_one, summary
        from arcworld.evaluation.report_page import PlayedGame
        from arcworld.games.catalogue import game_split
        from arcworld.play.agents.random import RandomAgent
        from arcworld.play.agents.world_model import WorldModelAgent

        played: list[PlayedGame] = []
        split = game_split()
        for game, is_known in ((split.train[0], True), (split.unseen[-1], False)):
            for agent in (WorldModelAgent(run, seed=self.seed), RandomAgent(self.seed)):
                path = self.out / "play" / f"{game}-{agent.name}.jsonl"
                path.unlink(missing_ok=True)
                result, _ = play_one(agent, game, None, self.max_actions, self.seed, path)
                print(f"{agent.name} on {game}: {summary(result)}")
                played.append(PlayedGame(result.as_dict(), path, is_known))
        write_json(self.out / "report" / "play.json", [one.result for one in played])
        return played


def _one_held_out_each(dataset: Dataset) -> Dataset:
    """The data set with one recording of each held-out game, so that measuring them is short."""
    from arcworld.evaluation.evaluate import part_of

    held_out = part_of(dataset, "held_out")
    first = {entry.game_id: entry.guid for entry in reversed(held_out.entries)}
    left_out = {entry.guid for entry in held_out.entries} - set(first.values())
    kept = tuple(entry for entry in dataset.entries if entry.guid not in left_out)
    return replace(dataset, entries=kept)
