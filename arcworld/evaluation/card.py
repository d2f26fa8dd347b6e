"""The card of weights that ship: what they are, how they were made, and what was measured.

Knows a run and its evaluation; every number on the card is one that `arcworld evaluate` told.
"""

from __future__ import annotations

from collections.abc import Sequence

from arcworld.evaluation.evaluate import Evaluation
from arcworld.evaluation.headline import baselines_that_win, headline_table
from arcworld.models.run import Run
from arcworld.recordings.episode import game_name

HEAD = """---
library_name: arcworld
license: apache-2.0
tags: [arc-agi-3, world-model]
---
"""


def model_card(run: Run, evaluation: Evaluation, commands: Sequence[str]) -> str:
    """A README in Markdown.

    Args:
        run: as shipped.
        evaluation: of it.
        commands: those that made and measured it.
    """
    reported = "\n".join(commands)
    wins = "\n".join(f"- {sentence}" for sentence in baselines_that_win(evaluation.parts))
    return f"""{HEAD}
# arcworld `{run.name}`

A tokenizer, a world model and a policy for ARC-AGI-3 games, opened by
`from_pretrained("{run.name}")`. {_made(run)} Weights are bfloat16 and hold no training frame but
the codebook's cells of 8x8 pixels.

```sh
{reported}
```

{headline_table(evaluation.parts, evaluation.about).as_markdown()}

Where a baseline is ahead of the model:

{wins or "- nowhere"}

On games that it was not trained on it is no use without adaptation; its winning paths stand in
its training data, so what it does there is memory as much as skill.
"""


def _made(run: Run) -> str:
    about = run.about
    counts = [
        f"{game_name(game)} ({len(run.trained_on([game]))})" for game in sorted(about["games"])
    ]
    count = sum(parameter.numel() for parameter in run.world_model.parameters())
    return (
        f"Recipe `{about['recipe']}`, scheme {about['scheme']}, seed {about['seed']}, commit"
        f" {about.get('commit') or 'unknown'}; recordings by game: {', '.join(counts)};"
        f" {count / 1e6:.1f} M parameters in the world model."
    )
