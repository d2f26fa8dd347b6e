"""`arcworld demo`: moving pictures first, then the whole path in one command."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from arcworld.commands.arguments import Actions, Seed
from arcworld.errors import ArcworldError

if TYPE_CHECKING:
    from arcworld.evaluation.evaluate import Evaluation
    from arcworld.evaluation.report.report_page import PlayedGame
    from arcworld.models.run import Run
    from arcworld.recordings.dataset import Dataset


def demo(
    *,
    out: Path = Path("runs/demo"),
    recipe: str = "demo",
    seed: Seed = 0,
    max_actions: Actions = 200,
) -> None:
    """Watch the shipped weights win, then train, evaluate and play: the whole path, with a report.

    First the shipped weights play two games and predict them; the moving pictures are ready after a
    minute. Then scripted players record the project's own games. Tokenizer, world model and policy
    are trained on a part of these recordings and measured on recordings and games that were held
    out. An agent plays with them. The report is one page, `report/report.html` in the run's folder,
    with every picture inside. Stop it with Ctrl-C; the same command continues.

    Example: `arcworld demo --recipe debug --out runs/first` (a minute; its numbers mean nothing)

    Args:
        out: folder of the run; contains all results.
        recipe: as for `arcworld train`; `demo` is `small` with fewer steps.
        seed: of demos, training and play.
        max_actions: maximum number of actions of an agent in each game.
    """
    from arcworld.commands.output import command
    from arcworld.commands.stop import continue_with
    from arcworld.training.launch import check_alone, find_launcher
    from arcworld.training.recipes import recipe as find_recipe

    find_recipe(recipe)
    check_alone("demo", find_launcher())
    _open_folder(out)
    words = ["demo", "--out", out, "--recipe", recipe, "--seed", seed]
    with continue_with(f"continue with: {command(*words)}"):
        page = _Demo(out, recipe, seed, max_actions).run()
    print(f"report: {page} (open it in a browser)")
    print(f"the run: {out}; next, try: {command('view', out, '--game', 'relay')}")


def _open_folder(out: Path) -> None:
    """Make the folder of the demo, or refuse one with other files before anything is played.

    Raises:
        ArcworldError: the folder has files, and none of them is a run or the demo's recordings.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "run.json").is_file() and any(path.name != DEMOS for path in out.iterdir()):
        raise ArcworldError(f"{out}: found files but no run; expected a new folder; name another")


DEMOS = "demos"
"""The folder of the recordings in that of the demo."""
SHIPPED = "small"
FILMED = {"mosaic": 60, "keys": 45}
"""Games shown first, with the number of actions of each."""


@dataclass(frozen=True)
class _Demo:
    """The six stages; each uses what earlier stages left in the folder."""

    out: Path
    recipe: str
    seed: int
    max_actions: int

    def run(self) -> Path:
        """Run all stages; return the path of the report."""
        from arcworld.commands.output import say
        from arcworld.evaluation.report.report_page import write_page

        say("1/6 watch: the shipped weights play and predict, so you see what training is for")
        films = self._films()
        say(
            "2/6 recordings: scripted players play the project's five games; models learn from play"
        )
        dataset = self._demos()
        say("3/6 training: a tokenizer, a world model and a policy, on three of the games")
        run = self._train(dataset)
        say("4/6 evaluation: recordings and games held out from training, beside baselines")
        known, unknown = self._evaluate(run, dataset)
        say(
            "5/6 play: the trained agent on a training game and a held-out game, beside random play"
        )
        played = self._play(run)
        say("6/6 report: all tables and pictures on one page")
        return write_page(run, known, unknown, played, films=films)

    def _films(self) -> dict[str, Path]:
        """A GIF of each game that the shipped weights play; existing ones are kept.

        They are in the folder of the recordings, because training starts a run only in a folder
        without other files.
        """
        from arcworld.commands.evaluate import open_run
        from arcworld.film.play import film_game

        found: dict[str, Path] = {}
        for game, actions in FILMED.items():
            path = self._data / "films" / f"{game}.gif"
            found[f"The shipped weights on {game}"] = path
            if path.is_file():
                continue
            print(f"{SHIPPED} plays {game}:")
            film = film_game(
                open_run(Path(SHIPPED)),
                game,
                path,
                max_actions=min(actions, self.max_actions),
                on_level=lambda level: print(f"  {level}", flush=True),
            )
            print(f"  {film.result.levels_completed} of {film.result.win_levels} levels: {path}")
        return found

    @property
    def _data(self) -> Path:
        return self.out / DEMOS

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
        from arcworld.training.train import train

        begun = (self.out / "run.json").is_file()
        found = recipe(self.recipe)
        return train(found, dataset, self.out, seed=self.seed, resume=begun, devices="1")

    def _evaluate(self, run: Run, dataset: Dataset) -> tuple[Evaluation, Evaluation]:
        from arcworld.commands.evaluate import measure
        from arcworld.commands.output import print_tables, write_json
        from arcworld.evaluation.report.headline import brief_table

        found: list[Evaluation] = []
        parts = (
            ("validation", "Recordings that were not trained on", dataset),
            ("held_out", "A game that was not trained on", _first_held_out(dataset)),
        )
        for split, title, data in parts:
            one = measure(run, data, split)
            print_tables([brief_table(one.parts, one.about, title)])
            write_json(self.out / "report" / f"{split}.json", one.as_dict())
            found.append(one)
        return found[0], found[1]

    def _play(self, run: Run) -> list[PlayedGame]:
        from arcworld.commands.output import write_json
        from arcworld.commands.play import play_one, summary
        from arcworld.evaluation.report.report_page import PlayedGame
        from arcworld.games.catalogue import game_split
        from arcworld.play.agents.random import RandomAgent
        from arcworld.play.agents.world_model import make_world_model_agent

        played: list[PlayedGame] = []
        split = game_split()
        for game, is_known in ((split.train[0], True), (split.unseen[-1], False)):
            for agent in (make_world_model_agent(run, seed=self.seed), RandomAgent(self.seed)):
                path = self.out / "play" / f"{game}-{agent.name}.jsonl"
                path.unlink(missing_ok=True)
                result, _ = play_one(agent, game, None, self.max_actions, self.seed, path)
                print(f"{agent.name} on {game}: {summary(result)}")
                played.append(PlayedGame(result.as_dict(), path, is_known))
        write_json(self.out / "report" / "play.json", [one.result for one in played])
        return played


def _first_held_out(dataset: Dataset) -> Dataset:
    """The data set with the first held-out recording alone, so that measuring is fast."""
    left_out = {entry.guid for entry in dataset.part("held_out").entries[1:]}
    kept = tuple(entry for entry in dataset.entries if entry.guid not in left_out)
    return replace(dataset, entries=kept)
