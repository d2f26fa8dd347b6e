"""The model card of shipped weights: what they are, how they were made, what was measured.

Every number on the card comes from `arcworld evaluate`.
"""

from __future__ import annotations

from collections.abc import Sequence

from arcworld.evaluation.evaluate import Evaluation
from arcworld.evaluation.report.headline import baselines_that_win, headline_table
from arcworld.models.run import Run
from arcworld.recordings.episode import game_name

HEAD = """---
library_name: arcworld
license: apache-2.0
tags: [arc-agi-3, world-model]
---
"""


def model_card(run: Run, evaluations: Sequence[Evaluation], commands: Sequence[str]) -> str:
    """The card as a README in Markdown.

    Args:
        run: as shipped.
        evaluations: of this run: on validation, and on players that training never saw, say.
        commands: the commands that trained and evaluated the run, shown as they are.
    """
    reported = "\n".join(commands)
    measured = "\n\n".join(_measured(evaluation) for evaluation in evaluations)
    return f"""{HEAD}
# arcworld `{run.name}`

A tokenizer, a world model and a policy for ARC-AGI-3 games, opened by
`from_pretrained("{run.name}")`. {_made(run)} The weights are bfloat16. Of the training frames they
contain only the 8x8 cells of the codebook.

```sh
{reported}
```

{measured}

The model does not work on games outside its training data without adaptation. Its training data
contain winning paths of these games, so its play there is partly memory.
"""


def _measured(evaluation: Evaluation) -> str:
    wins = "\n".join(f"- {sentence}" for sentence in baselines_that_win(evaluation.parts))
    table = headline_table(evaluation.parts, evaluation.about).as_markdown()
    return f"{table}\n\nWhere a baseline is better than the model:\n\n{wins or '- nowhere'}"


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
