"""Claims: what an expert says will become of some pixels, and the choice between claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import log2
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from arcworld.online.view import PIXELS, SIDE, Flat

SIZE_WEIGHT = 0.02
"""What a doubling of a claim's pixels is worth in the order of claims, in trust."""
LEAST_TRUST = 0.5
"""A claim below is not followed."""

type Writing = tuple[Flat, NDArray[np.uint8]]
"""Pixels and the colours that they get."""


@dataclass(slots=True, eq=False)
class Claim:
    """Pixels that an expert says will change, or stay, and why.

    Attributes:
        expert: who says it.
        rule: kind of rule behind it; hit rates are kept by kind.
        verb: `stay`, `move`, `vanish`, `recolour`, `rewrite` or `tick`.
        trust: probability that it is right.
        source: pixels it starts from.
        region: pixels it is about.
        erase: pixels and their colours written first (the ground under what moves or vanishes).
        paint: pixels and their colours written then.
        weak: a `stay` that does not stop claims of others.
        least: trust below which it is not followed.
        movers: (look, y, x, dy, dx) of every part that it moves.
        rank: place in the order of claims; the lowest is followed first.
    """

    expert: str
    rule: str
    verb: str
    trust: float
    source: Flat
    region: Flat
    erase: Writing | None = None
    paint: Writing | None = None
    weak: bool = False
    least: float = LEAST_TRUST
    movers: tuple[tuple[int, int, int, int, int], ...] = ()
    rank: float = field(init=False)
    _bits: tuple[int, int] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        size = SIZE_WEIGHT * log2(max(len(self.region), 1))
        self.rank = -self.trust - (self.verb == "tick") - size

    @property
    def bits(self) -> tuple[int, int]:
        """The pixels of source and region as bits of two numbers: overlaps are found faster."""
        if self._bits is None:
            source = _bits(self.source)
            self._bits = source, source if self.region is self.source else _bits(self.region)
        return self._bits

    def holds(self, flat: NDArray[np.uint8]) -> bool:
        """Whether the pixels it paints have its colours in the true next frame."""
        return self.paint is None or bool((flat[self.paint[0]] == self.paint[1]).all())

    def __str__(self) -> str:
        y, x = divmod(int(self.region.min()), SIDE) if len(self.region) else (0, 0)
        shift = f" by {self.movers[0][3:]}" if self.movers else ""
        return (
            f"{self.expert}: {self.verb}{shift}, {len(self.region)} pixels from (y={y}, x={x}), "
            f"trust {self.trust:.2f} ({self.rule})"
        )


def select(claims: Iterable[Claim]) -> list[Claim]:
    """The claims to follow: most trusted first, bars before all; what overlaps one taken is left.

    A thing that stays only stops claims that start from its own pixels.
    """
    taken = still = 0
    chosen: list[Claim] = []
    for claim in sorted(claims, key=attrgetter("rank")):
        if claim.verb == "stay":
            if not claim.weak and not taken & claim.bits[1]:
                still |= claim.bits[1]
            chosen.append(claim)
        elif claim.trust >= claim.least:
            source, region = claim.bits
            if taken & region or still & source:
                continue
            taken |= region
            chosen.append(claim)
    return chosen


def _bits(pixels: Flat) -> int:
    mask = np.zeros(PIXELS, np.bool_)
    mask[pixels] = True
    return int.from_bytes(np.packbits(mask).tobytes())


def render(flat: NDArray[np.uint8], claims: Sequence[Claim]) -> NDArray[np.uint8]:
    """The next frame: what is erased first, then what is painted, the largest regions first."""
    after = flat.copy()
    for claim in claims:
        if claim.erase is not None:
            after[claim.erase[0]] = claim.erase[1]
    for claim in sorted(claims, key=lambda claim: -len(claim.region)):
        if claim.paint is not None:
            after[claim.paint[0]] = claim.paint[1]
    return after
