"""The command line: `arcworld demo`, `check`, `train`, `evaluate`, `play` and the others.

Each command is a module of `arcworld.commands` that imports what it needs when it is called, so
that `--help` is fast. Errors are printed as one line.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from cyclopts import App, CycloptsError, MissingArgumentError, Parameter

from arcworld import __version__
from arcworld.commands.bench import bench
from arcworld.commands.check import check
from arcworld.commands.collect import collect
from arcworld.commands.convert import convert
from arcworld.commands.crossval import crossval
from arcworld.commands.demo import demo
from arcworld.commands.diagnose import diagnose
from arcworld.commands.evaluate import evaluate
from arcworld.commands.export import export
from arcworld.commands.film import film
from arcworld.commands.kaggle import kaggle
from arcworld.commands.play import play
from arcworld.commands.render import render
from arcworld.commands.stats import stats
from arcworld.commands.stop import Stopped
from arcworld.commands.tournament import tournament
from arcworld.commands.train import train
from arcworld.commands.view import view
from arcworld.errors import ArcworldError, missing_extra

COMMAND_EXTRAS = {"demo": "train", "train": "train", "crossval": "train", "view": "view"}
_HERE = str(Path(__file__).parent)
_CHATTER = ("lightning_fabric.utilities.rank_zero", "httpx")


def make_app() -> App:
    """The application with every command."""
    app = App(
        name="arcworld",
        version=__version__,
        help=(
            "World models and policies for ARC-AGI-3 games, learned from recordings of play.\n\n"
            "Start with `arcworld demo`, which runs the whole path. `arcworld COMMAND --help`"
            " describes a command, with an example."
        ),
        default_parameter=Parameter(negative=()),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    for number, command in enumerate(
        (
            demo,
            collect,
            check,
            stats,
            export,
            train,
            evaluate,
            diagnose,
            crossval,
            play,
            view,
            render,
            film,
            tournament,
            kaggle,
            bench,
            convert,
        )
    ):
        app.command(command, sort_key=number)
    app.register_install_completion_command(
        help="Install shell completion: `arcworld --install-completion`, for bash, zsh and fish."
    )
    return app


def main(tokens: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status.

    0: done; 1: `check` found unusable files; 2: something given cannot be used; 130: stopped.
    """
    # OpenMP threads spin for some 50 us before they sleep. Endless spinning slows other processes
    # down; no spinning makes a training step on two cores take 1.5 times as long.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    with Quiet():
        try:
            result = make_app()(tokens, exit_on_error=False, print_error=False)
        except ArcworldError as error:
            return _fail(f"arcworld: {error}", 2)
        except ModuleNotFoundError as error:
            missing = missing_extra(error, _wanted_extra(tokens))
            if missing is None:
                raise
            return _fail(f"arcworld: {missing}", 2)
        except CycloptsError as error:
            return _fail(f"arcworld: {_usage(error)}", 2)
        except KeyboardInterrupt as error:
            hint = error.args[0] if isinstance(error, Stopped) else "run the command again"
            return _fail(f"arcworld: stopped; {hint}", 130)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except OSError as error:
            return _fail(f"arcworld: {_file_error(error)}", 2)
    return result if isinstance(result, int) else 0


def _wanted_extra(tokens: Sequence[str] | None) -> str | None:
    """The extra that has all a command needs, where that is more than the models."""
    words = sys.argv[1:] if tokens is None else tokens
    return COMMAND_EXTRAS.get(words[0]) if words else None


def _usage(error: CycloptsError) -> str:
    """One line for a command line that cannot be read, with the help to read."""
    error.verbose = False
    reason = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, MissingArgumentError) and error.argument and not error.argument.tokens:
        name = error.keyword or error.argument.name
        reason = f"found no value for {name}; expected one"
    return f"{reason}; see `{' '.join(['arcworld', *(error.command_chain or ()), '--help'])}`"


def _file_error(error: OSError) -> str:
    """One line for a file or folder that cannot be used."""
    place = error.filename or "a file"
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{place}: found a file; expected a folder; name another"
    if isinstance(error, PermissionError):
        wanted = "expected a file or folder that you may use"
        return f"{place}: permission denied; {wanted}; ask its owner, or name another"
    return f"{place}: {error.strerror or error}; name another place"


def _fail(message: str, status: int) -> int:
    print(message, file=sys.stderr, flush=True)
    return status


class Quiet:
    """While open: messages of libraries are hidden, warnings of this project are one line each."""

    def __enter__(self) -> None:
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        for name in _CHATTER:
            logging.getLogger(name).setLevel(logging.WARNING)
        self._show, warnings.showwarning = warnings.showwarning, _show_warning

    def __exit__(self, *_: object) -> None:
        warnings.showwarning = self._show


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> Any:
    """Show a warning that this project's code gave; drop those of libraries."""
    if filename.startswith(_HERE):
        print(f"arcworld: warning: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
