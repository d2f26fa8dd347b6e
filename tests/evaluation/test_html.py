"""The HTML page of a report needs no other file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from arcworld.evaluation.report.html import as_html
from arcworld.evaluation.report.pictures import save

TEXT = """# A run

![a picture](one.png) ![not there](two.png)

## Probability & frequency

| a | b |
|---|---:|
| 1 | 2 |
"""


def test_pictures_are_inside_and_tables_scroll(tmp_path: Path) -> None:
    save(np.zeros((8, 8, 3), np.uint8), tmp_path / "one.png")
    page = as_html(TEXT, tmp_path, "a <run>")
    assert 'src="data:image/png;base64,' in page and "one.png" not in page
    assert 'src="two.png"' in page
    assert '<div class="table"><table>' in page
    assert "<title>a &lt;run&gt;</title>" in page


def test_sections_are_linked_from_the_top(tmp_path: Path) -> None:
    page = as_html(TEXT, tmp_path, "a run")
    assert '<a href="#probability-frequency">Probability &amp; frequency</a>' in page
    assert '<h2 id="probability-frequency">' in page
