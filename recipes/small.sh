#!/usr/bin/env bash
# Both schemes on your own recordings: v2 tells the models where a click went, v1 does not.
#
#   recipes/small.sh RECORDINGS [RUNS]     RECORDINGS is a folder of *.jsonl or *.jsonl.gz
#
# A split.json in the folder says what is trained on, else four in five recordings of each game.
set -euo pipefail

DATA=${1:?usage: recipes/small.sh RECORDINGS [RUNS]}
RUNS=${2:-runs/small}
RECIPE=${RECIPE:-small}

uv run arcworld check "$DATA" || echo "files that cannot be used are left out"

for scheme in v1 v2; do
    uv run arcworld train --data "$DATA" --recipe "$RECIPE" --out "$RUNS/$scheme" --scheme "$scheme"
    uv run arcworld evaluate "$RUNS/$scheme" --data "$DATA" --json "$RUNS/$scheme/validation.json"
done
