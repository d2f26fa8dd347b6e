"""The campaign of attacks runs, and counts nothing on a few cases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "torture"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("part", "cases"), [("files", 12), ("weights", 6), ("requests", 12)])
def test_a_few_attacks(part: str, cases: int) -> None:
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), "--only", part, f"--{part}", str(cases)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{part}: {cases} cases, 0 faults" in ran.stdout
