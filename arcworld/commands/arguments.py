"""Types of arguments that several commands share, with their ranges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

Seed = Annotated[int, Parameter(validator=Number(gte=0))]
Actions = Annotated[int, Parameter(validator=Number(gte=1))]


def data_words(data: Sequence[Path]) -> list[object]:
    """The option `--data` as it is typed, once for each path.

    >>> data_words([Path("mine"), Path("yours")])
    ['--data', PosixPath('mine'), '--data', PosixPath('yours')]
    """
    return [word for path in data for word in ("--data", path)]
