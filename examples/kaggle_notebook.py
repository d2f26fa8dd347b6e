"""The notebook's cell for ARC Prize 2026, ARC-AGI-3. It may be run any number of times.

It installs the wheels, puts the agent into a copy of ARC-AGI-3-Agents, plays one action of a
bundled game as a rehearsal, and then plays the competition (in the scored run) or writes a
placeholder submission (else). `arcworld kaggle` writes it into a notebook.
"""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copy, copytree

KAGGLE = Path("/kaggle")
COMPETITION = "arc-prize-2026-arc-agi-3"
SCORED = bool(os.getenv("KAGGLE_IS_COMPETITION_RERUN"))


def find_folder(what: str, *patterns: str) -> Path:
    """The folder of the first file that a pattern finds below /kaggle/input.

    Old mounts are /kaggle/input/NAME, new ones /kaggle/input/competitions/NAME and
    /kaggle/input/datasets/USER/NAME.
    """
    for pattern in patterns:
        for path in sorted((KAGGLE / "input").glob(pattern)):
            return path.parent
    raise FileNotFoundError(
        f"no {what} below {KAGGLE / 'input'}; expected {patterns[0]}; add it to the notebook"
    )


def install(*words: object) -> None:
    """Install wheels without network."""
    pip = [sys.executable, "-m", "pip", "install", "--no-index"]
    subprocess.run([*pip, *(str(word) for word in words)], check=True)


given = find_folder(
    f"data of the competition {COMPETITION}",
    f"competitions/{COMPETITION}/ARC-AGI-3-Agents",
    f"{COMPETITION}/ARC-AGI-3-Agents",
)
mine = find_folder(
    "data set made by `arcworld kaggle`",
    "datasets/*/*/my_agent.py",
    "*/my_agent.py",
    "datasets/*/*/*/my_agent.py",
    "*/*/my_agent.py",
)
print(f"competition: {given}; data set: {mine}")
install("--find-links", given / "arc_agi_3_wheels", "arc-agi", "python-dotenv")
install("--no-deps", *sorted((mine / "wheels").glob("*.whl")))

agents = KAGGLE / "working" / "ARC-AGI-3-Agents"
copytree(given / "ARC-AGI-3-Agents", agents, dirs_exist_ok=True)
copy(mine / "my_agent.py", agents / "agents" / "templates" / "my_agent.py")
(agents / "agents" / "__init__.py").write_text(
    "from dotenv import load_dotenv\n"
    "from .agent import Agent, Playback\n"
    "from .swarm import Swarm\n"
    "from .templates.my_agent import MyAgent\n"
    "load_dotenv()\n"
    "AVAILABLE_AGENTS = {'myagent': MyAgent}\n"
)
(agents / ".env").write_text(
    "SCHEME=http\nHOST=gateway\nPORT=8001\nARC_API_KEY=any\nOPERATION_MODE=online\n"
    f"ARC_BASE_URL=http://gateway:8001/\nRECORDINGS_DIR={KAGGLE / 'working' / 'recordings'}\n"
)
environment = os.environ | {"ARCWORLD_HOME": str(mine)}
rehearsal = "from agents.templates.my_agent import rehearse; rehearse()"
# In the scored run a failed rehearsal is only printed: the agent itself falls back to others.
subprocess.run([sys.executable, "-c", rehearsal], cwd=agents, env=environment, check=not SCORED)

if SCORED:
    wait = "--retry 999 --retry-all-errors --retry-delay 5 --retry-max-time 600"
    subprocess.run(["curl", "--fail", *wait.split(), "http://gateway:8001/api/games"], check=True)
    play = [sys.executable, "main.py", "--agent", "myagent"]
    subprocess.run(play, cwd=agents, env=environment, check=True)
else:
    import pandas

    row = {"row_id": ["1_0"], "game_id": ["1"], "end_of_game": [True], "score": [1]}
    pandas.DataFrame(row).to_parquet(KAGGLE / "working" / "submission.parquet", index=False)
