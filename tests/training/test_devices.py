"""Training on several devices: two processes (gloo) give the result of one."""

import subprocess
import sys
from pathlib import Path

import torch

from arcworld.models.storage.checkpoint import load_tensors

SCRIPT = """
import sys, warnings
from pathlib import Path
import torch
from torch import nn
warnings.simplefilter("ignore")
from lightning_fabric import Fabric
from arcworld.models.storage.checkpoint import save_tensors
import arcworld.training.loop as loop

class Toy(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(4, 1)
    def loss(self, rows):
        return (self.layer(rows).squeeze(1) - rows.sum(1)).square().mean()

class ToyTask:
    name, config = "toy", None
    def __init__(self):
        self.module = Toy()
    def losses(self, model, draw):
        rows = torch.randn(draw.size, 4, generator=torch.Generator().manual_seed(draw.key[1]))
        return {"loss": model.loss(torch.stack(list(draw.share(list(rows)))))}

loop.save_model = lambda folder, module, config: save_tensors(
    folder / "model.safetensors", module.state_dict())
fabric = Fabric(accelerator="cpu", devices=int(sys.argv[1]))
fabric.launch()
loop.fit(ToyTask(), loop.Schedule(6, 8, 1e-2), Path(sys.argv[2]), fabric, seed=0)
"""


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    script = tmp_path / "toy.py"
    script.write_text(SCRIPT)
    for devices in ("1", "2"):
        command = [sys.executable, str(script), devices, str(tmp_path / devices)]
        subprocess.run(command, check=True, timeout=200, capture_output=True)
    one, two = (load_tensors(tmp_path / n / "model.safetensors") for n in ("1", "2"))
    assert all(torch.allclose(one[name], two[name], atol=1e-6) for name in one)
    logged = (tmp_path / "2" / "metrics.jsonl").read_text().splitlines()
    assert len(logged) == 1  # by one process alone
