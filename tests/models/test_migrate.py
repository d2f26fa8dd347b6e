import json
from pathlib import Path

import pytest
import torch

from arcworld.errors import ArcworldError
from arcworld.models.run import SHIPPED, from_pretrained
from arcworld.models.storage.checkpoint import load_object, load_tensors, save_json, save_tensors
from arcworld.models.storage.migrate import FILES, SETTINGS, TENSORS, convert


def old_names(value: object) -> object:
    back = {new: old for old, new in SETTINGS.items()}
    if isinstance(value, dict):
        return {back.get(key, key): old_names(item) for key, item in value.items()}
    return [old_names(item) for item in value] if isinstance(value, list) else value


def old_key(name: str) -> str:
    for old, new in TENSORS:
        if name.startswith(new):
            return old.replace("\\", "").lstrip("^") + name[len(new) :]
    return name


def make_old(folder: Path) -> None:
    """Return a copy of the shipped run with the names of version 0.1."""
    small = SHIPPED / "small"
    for path in sorted(small.rglob("*")):
        name = str(path.relative_to(small))
        if path.is_dir():
            continue
        target = folder / {new: old for old, new in FILES.items()}.get(name, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".safetensors":
            save_tensors(target, {old_key(k): v for k, v in load_tensors(path).items()})
        elif path.suffix == ".json":
            save_json(target, old_names(load_object(path)))
        else:
            target.write_bytes(path.read_bytes())


def test_a_run_of_version_0_1_is_refused_then_converted(tmp_path: Path) -> None:
    make_old(run := tmp_path / "run")
    save_json(run / "withheld.json", {"parts": {"floors/copy/outcome_withheld": {}}})
    keys = load_tensors(run / "policy" / "model.safetensors").keys()
    assert "sight.around.around.0.weight" in keys and (run / "lore.json").is_file()
    with pytest.raises(ArcworldError, match=rf"version 0\.1; .*`arcworld convert {run}` once$"):
        from_pretrained(run)
    convert(run)
    opened, small = from_pretrained(run), from_pretrained("small")
    assert json.loads(json.dumps(opened.about)) == small.about
    held_out = load_object(run / "held_out_levels.json")
    assert held_out == {"parts": {"baselines/copy/outcome_held_out_levels": {}}}
    assert opened.game_priors == small.game_priors and not (run / "seen").exists()
    for part in ("tokenizer", "world_model", "policy"):
        mine = load_tensors(run / part / "model.safetensors")
        theirs = load_tensors(SHIPPED / "small" / part / "model.safetensors")
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[k], theirs[k]) for k in mine)
    with pytest.raises(ArcworldError, match="found no run in the format of version"):
        convert(run)
