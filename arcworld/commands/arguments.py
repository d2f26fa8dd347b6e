"""Arguments that several commands take, with what they may be.

Knows ranges alone; what is outside is refused before any work is done.
"""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

Seed = Annotated[int, Parameter(validator=Number(gte=0))]
Actions = Annotated[int, Parameter(validator=Number(gte=1))]
