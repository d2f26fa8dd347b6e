#!/usr/bin/env bash
# The whole path by hand: what `arcworld demo` does, one command after the other.
#
#   recipes/demo.sh [RUN]           seven minutes on two CPU cores
#   RECIPE=debug recipes/demo.sh    a minute; its numbers mean nothing
set -euo pipefail

RUN=${1:-runs/by-hand}
RECIPE=${RECIPE:-demo}
DEMOS=$RUN-demos

# Recordings: scripted players play the project's own games as people do.
uv run python -c "
from pathlib import Path
from arcworld.games.demos import make_demos
make_demos(Path('$DEMOS'))"
uv run arcworld check "$DEMOS"

# Frames, tokens, models: a tokenizer, a world model on its codes, a policy on the world model.
uv run arcworld train --data "$DEMOS" --recipe "$RECIPE" --out "$RUN"

# Measured beside the baselines: recordings never trained on, then games never trained on.
uv run arcworld evaluate "$RUN" --data "$DEMOS" --json "$RUN/validation.json"
uv run arcworld evaluate "$RUN" --data "$DEMOS" --split held_out --json "$RUN/held_out.json"

# Planning and play: a game of training, then one that was held out.
uv run arcworld play "$RUN" --game keys --max-actions 200 --recording "$RUN/play"
uv run arcworld play "$RUN" --game relay --max-actions 200 --recording "$RUN/play"
