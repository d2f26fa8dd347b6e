"""Start training on this machine's devices, or as one of the processes that a launcher started.

`torchrun` and `srun` start one process a device. Lightning Fabric knows them by their environment
variables; how many devices and machines there are is read from the same variables, so that
processes that were started together never train alone into one folder.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from arcworld.errors import ArcworldError
from arcworld.training.precision import fast_precision

if TYPE_CHECKING:
    from lightning_fabric import Fabric

AUTO = "auto"
SRUN = "start with: srun --ntasks-per-node N arcworld train ..."


@dataclass(frozen=True, slots=True)
class Launcher:
    """What started this process.

    Attributes:
        name: `torchrun`, `srun`, or "" where no launcher did.
        rank: of this process among all.
        devices: processes on this machine; None where Fabric starts them itself.
        nodes: number of machines; None where that is not known.
    """

    name: str = ""
    rank: int = 0
    devices: int | None = None
    nodes: int | None = None

    @property
    def is_first(self) -> bool:
        """Whether this process opens the folder and writes."""
        return self.rank == 0


def find_launcher(environment: Mapping[str, str] | None = None) -> Launcher:
    """Return what started this process, by its environment variables.

    Raises:
        ArcworldError: a Slurm job of several tasks, started otherwise than by `srun` with
            `--ntasks-per-node`: its processes would wait for each other without end.
    """
    given = os.environ if environment is None else environment
    if "TORCHELASTIC_RUN_ID" in given or {"RANK", "LOCAL_WORLD_SIZE"} <= given.keys():
        devices = int(given.get("LOCAL_WORLD_SIZE", "1"))
        nodes = int(given.get("WORLD_SIZE", devices)) // devices
        return Launcher("torchrun", int(given.get("RANK", "0")), devices, nodes)
    if "SLURM_NTASKS" in given and given.get("SLURM_JOB_NAME") not in ("bash", "interactive"):
        return _of_slurm(given)
    in_order = int(given.get("NODE_RANK", "0")), int(given.get("LOCAL_RANK", "0"))
    return Launcher(rank=0 if in_order == (0, 0) else 1)


def _of_slurm(given: Mapping[str, str]) -> Launcher:
    tasks, each = int(given["SLURM_NTASKS"]), given.get("SLURM_NTASKS_PER_NODE")
    if tasks == 1:
        return Launcher("srun", 0, 1, 1)
    if each is None or "SLURM_PROCID" not in given:
        missing = "srun" if "SLURM_PROCID" not in given else "--ntasks-per-node"
        raise ArcworldError(f"found a Slurm job of {tasks} tasks without {missing}; {SRUN}")
    devices = int(each)
    return Launcher("srun", int(given["SLURM_PROCID"]), devices, max(1, tasks // devices))


def check_devices(devices: str, num_nodes: int | None, launcher: Launcher) -> None:
    """Refuse numbers that are none, or that differ from what the launcher started.

    Raises:
        ArcworldError: says which number was found and which is expected.
    """
    if devices != AUTO and not (devices.isdecimal() and int(devices) > 0):
        raise ArcworldError(
            f"found devices {devices!r}; expected `auto` or a number from 1; correct --devices"
        )
    if num_nodes is not None and num_nodes < 1:
        raise ArcworldError(f"found {num_nodes} nodes; expected 1 or more; correct --num-nodes")
    started = launcher.devices
    if started is not None and devices not in (AUTO, str(started)):
        raise ArcworldError(
            f"found --devices {devices}, but {launcher.name} started {started} processes on this"
            f" machine; expected --devices {started} or auto"
        )
    if num_nodes is not None and launcher.nodes not in (None, num_nodes):
        raise ArcworldError(
            f"found --num-nodes {num_nodes}, but {launcher.name} started {launcher.nodes}; leave"
            " --num-nodes out"
        )


def check_alone(command: str, launcher: Launcher) -> None:
    """Refuse several processes for a command whose other parts are the work of one.

    Raises:
        ArcworldError: a launcher started more than one.
    """
    started = (launcher.devices or 1) * (launcher.nodes or 1)
    if started > 1:
        raise ArcworldError(
            f"found {started} processes that {launcher.name} started; expected one for {command};"
            f" start it without {launcher.name}"
        )


def launch(
    devices: str, num_nodes: int | None, launcher: Launcher, tensorboard: Path | None = None
) -> Fabric:
    """Start the processes of training, or join those that the launcher started."""
    from lightning_fabric import Fabric

    loggers: list[Any] = []
    if tensorboard is not None:
        from lightning_fabric.loggers.tensorboard import TensorBoardLogger

        loggers.append(TensorBoardLogger(tensorboard, name="", version=""))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fabric = Fabric(
            accelerator="auto",
            devices=devices if launcher.devices is None else launcher.devices,
            num_nodes=num_nodes or launcher.nodes or 1,
            precision=fast_precision(),
            loggers=loggers,
        )
        fabric.launch()
    torch.backends.cuda.enable_cudnn_sdp(False)  # it takes 2 ms a layer to plan each new shape
    return fabric
