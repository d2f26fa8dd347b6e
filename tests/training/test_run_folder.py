"""One process at a time trains into a folder, and what a kill leaves does not block it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from arcworld.errors import ArcworldError
from arcworld.training.run_folder import LOCK, lock_folder, open_folder

HOLDER = """
import sys, time
from pathlib import Path
from arcworld.training.run_folder import lock_folder
with lock_folder(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(300)
"""


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-c", HOLDER, str(out)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(ArcworldError, match="another process trains into this folder"):
        lock_folder(out).__enter__()
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with lock_folder(out):
        pass
    assert not (out / LOCK).exists()


def test_what_a_killed_start_left_is_no_other_run(tmp_path: Path) -> None:
    (tmp_path / ".run.json.4f1c").write_text('{"arc')
    (tmp_path / LOCK).touch()
    open_folder(tmp_path, {"recipe": "debug"}, False, tmp_path / "data")
    assert (tmp_path / "run.json").is_file()


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    with pytest.raises(ArcworldError, match="found files but no run"):
        open_folder(tmp_path, {"recipe": "debug"}, False, tmp_path / "data")


def test_a_setting_that_is_newer_than_the_run_may_be_missing_if_none(tmp_path: Path) -> None:
    about = dict.fromkeys(("recipe", "scheme", "seed", "trained_on", "start"))
    backbone = {"width": 64, "pretrained": None}
    found = about | {"settings": {"backbone": backbone}, "data_digest": "d"}
    open_folder(tmp_path / "run", found, False, tmp_path)
    for more, refused in (({"digest": None}, False), ({"digest": "abc"}, True)):
        newer = found | {"settings": {"backbone": backbone | more}}
        if refused:
            with pytest.raises(ArcworldError, match="a run with another settings"):
                open_folder(tmp_path / "run", newer, True, tmp_path)
        else:
            open_folder(tmp_path / "run", newer, True, tmp_path)
