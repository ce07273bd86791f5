"""The processes (ranks) that share a training run, as torchrun starts them; a single process is one rank."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from realtime_micacl.errors import ConfigError

LONGEST_WAIT = timedelta(hours=2)
"""For the other ranks, while the first one reads the data for the first time."""


@dataclass(frozen=True)
class Ranks:
    """Which process this is, of how many, and its device."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this process writes files and logs."""
        return self.rank == 0

    def wrapped(self, network: nn.Module) -> nn.Module:
        """Return `network` with gradients averaged over the ranks and, on GPUs, shared batch statistics."""
        if self.world == 1:
            return network
        if self.device.type == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return DistributedDataParallel(network)

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Let the first process run the block before the others, which then find its caches."""
        if not self.first:
            dist.barrier()
        yield
        if self.first and self.world > 1:
            dist.barrier()

    def part(self, batch: int) -> slice:
        """Return this rank's part of a batch; all ranks have equally large parts."""
        if batch % self.world:
            raise ConfigError(f"a batch of {batch} cannot be shared evenly by {self.world} processes")
        return slice(self.rank, None, self.world)


ONE = Ranks(0, 1, torch.device("cpu"))


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the processes that torchrun started, if any, and leave them in the end."""
    gpu = torch.cuda.is_available()
    local = int(os.environ.get("LOCAL_RANK", 0))
    device = torch.device("cuda", local) if gpu else torch.device("cpu")
    if "WORLD_SIZE" not in os.environ:
        yield Ranks(0, 1, device)
        return
    if gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if gpu else "gloo", timeout=LONGEST_WAIT)
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size(), device)
    finally:
        dist.destroy_process_group()


def gathered(rows: Tensor) -> Tensor:
    """Return the rows of all ranks, with gradients for this rank's own; with one rank `rows` itself.

    Every rank computes the same loss of the whole batch, and the gradient of its own rows. That is multiplied by the
    number of ranks, since it is averaged over them later.
    """
    if not dist.is_initialized():
        return rows
    world = dist.get_world_size()
    parts = [torch.empty_like(rows) for _ in range(world)]
    dist.all_gather(parts, rows.detach().contiguous())
    parts[dist.get_rank()] = own = rows.clone()
    if own.requires_grad:
        own.register_hook(lambda gradient: gradient * world)
    return torch.cat(parts)
