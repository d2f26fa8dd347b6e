"""Types of arguments that several commands share, with their ranges."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

Seed = Annotated[int, Parameter(validator=Number(gte=0))]
Actions = Annotated[int, Parameter(validator=Number(gte=1))]
