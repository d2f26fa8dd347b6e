"""Collects what actions show: which colours move or change, and which class is the avatar.

The avatar is what goes different ways for different actions, not what moves most (sparks, enemies).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from arcworld.goals.hypothesis import ClassKey
from arcworld.goals.scene import MOVES, Evidence, Scene, build_scene
from arcworld.online.view import (
    CLICK,
    EIGHT,
    LARGE,
    PIXELS,
    RESET,
    SIDE,
    Action,
    Outcome,
    Part,
    Segmenter,
    Step,
)
from arcworld.recordings.status_bars import StatusBarMask

BUTTON = 0.7
"""Least share of clicks on a button that change something else."""
MOST_FRAMES = 6
"""Later frames kept for the size of cells."""


class SceneBuilder:
    """The scene of the level that is being played, built again when evidence changes it.

    What is the avatar, what moves and what changes is kept from level to level; frames are not.

    Args:
        segmenter: shared with the online model, so that frames are segmented once.
    """

    def __init__(self, segmenter: Segmenter | None = None) -> None:
        self.segmenter = segmenter or Segmenter()
        self._bars = StatusBarMask()
        self._ways: dict[int, dict[int, Counter[tuple[int, int]]]] = defaultdict(
            lambda: defaultdict(Counter)
        )
        self._looks: dict[int, Counter[int]] = defaultdict(Counter)
        self._thin: dict[int, int] = defaultdict(lambda: SIDE)
        self._moved: Counter[int] = Counter()
        self._changed: Counter[int] = Counter()
        self._clicked: Counter[int] = Counter()
        self._acted: Counter[int] = Counter()
        self._frames: list[NDArray[np.uint8]] = []
        self._available: tuple[int, ...] = ()
        self._first_HW: NDArray[np.uint8] | None = None
        self._scene: Scene | None = None
        self._shown: object = None

    @property
    def scene(self) -> Scene:
        """The present scene.

        Raises:
            RuntimeError: no level was begun.
        """
        if self._scene is None:
            raise RuntimeError("found no level; expected begin() before scene; do begin(frame)")
        return self._scene

    def begin(self, frame_HW: NDArray[np.uint8], available: Iterable[int]) -> Scene:
        """A level begins, or is played again from its start."""
        self._first_HW, self._available = frame_HW, tuple(available)
        self._frames = []
        self._bars.restart()
        return self._build()

    def observe(self, step: Step) -> bool:
        """Learn from one action of the level; whether `scene` is a new one."""
        if step.action.id == RESET or step.outcome != Outcome.NOTHING:
            return False
        self._bars.observe(step.frame_HW, step.action, step.next_frame_HW)
        before_HW, after_HW = step.frame_HW, step.next_frame_HW
        changes = bool(((before_HW != after_HW) & ~self.scene.rim_HW).any())
        self._learn_button(before_HW, step.action, after_HW, changes=changes)
        if not changes:
            return False
        self._learn(before_HW, step.action, after_HW)
        if len(self._frames) < MOST_FRAMES:
            self._frames.append(after_HW)
        if self._key() == self._shown:
            return False
        self._build()
        return True

    def _build(self) -> Scene:
        assert self._first_HW is not None
        bars_HW = self._bars.mask_HW if self._bars.mask_HW.any() else None
        avatar = self._avatar()
        evidence = Evidence(
            avatar,
            self._stride(avatar),
            self._thin[avatar.colour] if avatar else SIDE,
            frozenset(self._moved),
            frozenset(self._changed),
            tuple(self._frames),
            bars_HW,
            self._buttons(),
        )
        self._shown = self._key()
        self._scene = build_scene(self._first_HW, self._available, evidence, self.segmenter)
        return self._scene

    def _key(self) -> object:
        moved, changed = frozenset(self._moved), frozenset(self._changed)
        avatar = self._avatar()
        bars = self._bars.mask_HW.tobytes()
        buttons = self._buttons()
        return avatar, self._stride(avatar), moved, changed, len(self._frames), bars, buttons

    def _learn(
        self, before_HW: NDArray[np.uint8], action: Action, after_HW: NDArray[np.uint8]
    ) -> None:
        """Which colours moved; which changed other than where movers came or went."""
        rim_HW = self.scene.rim_HW
        old, new = self._gone_and_come(before_HW, after_HW)
        moving: dict[int, tuple[int, int]] = {}
        for colour in {part.colour for part in old} & {part.colour for part in new}:
            before, after = (f == colour for f in (before_HW, after_HW))
            same = int((before & ~rim_HW).sum()) == int((after & ~rim_HW).sum())
            shift = _shift(old, new, colour)
            if same and shift is not None and colour not in self.scene.grounds:
                moving[colour] = shift
        for colour, shift in moving.items():
            self._record(colour, action, shift, [p for p in old if moving.get(p.colour) == shift])
        differs = (before_HW != after_HW) & ~rim_HW
        pairs = set(zip(before_HW[differs].tolist(), after_HW[differs].tolist(), strict=True))
        free = [pair for pair in pairs if not moving.keys() & set(pair)]
        self._changed.update({c for pair in free for c in pair} - self.scene.grounds)

    def _learn_button(
        self,
        before_HW: NDArray[np.uint8],
        action: Action,
        after_HW: NDArray[np.uint8],
        *,
        changes: bool,
    ) -> None:
        """Count a click that leaves what it is on as it is, and whether other things change."""
        at = action.y or 0, action.x or 0
        if action.id == CLICK and before_HW[at] == after_HW[at]:
            self._clicked[int(before_HW[at])] += 1
            self._acted[int(before_HW[at])] += changes

    def _buttons(self) -> frozenset[int]:
        usual = {c for c, n in self._acted.items() if n >= BUTTON * self._clicked[c]}
        return frozenset(usual - (self._scene.grounds if self._scene else frozenset()))

    def _gone_and_come(
        self, before_HW: NDArray[np.uint8], after_HW: NDArray[np.uint8]
    ) -> tuple[list[Part], list[Part]]:
        """Parts of one frame that are not in the other."""
        views = [self.segmenter.view(frame_HW) for frame_HW in (before_HW, after_HW)]
        sets = [{(p.look, p.y, p.x): p for p in v.parts if p.area <= LARGE} for v in views]
        gone = [p for key, p in sets[0].items() if key not in sets[1]]
        return gone, [p for key, p in sets[1].items() if key not in sets[0]]

    def _record(
        self, colour: int, action: Action, shift: tuple[int, int], moved: list[Part]
    ) -> None:
        """Count a move; `moved` are all parts that went the same way."""
        self._moved[colour] += 1
        if action.id != CLICK:
            self._ways[colour][action.id][shift] += 1
            self._looks[colour].update(part.look >> 4 for part in moved if part.colour == colour)
            self._thin[colour] = min(self._thin[colour], _thickness(moved, colour))

    def _avatar(self) -> ClassKey | None:
        """The class that goes the most different ways for different actions; few units first."""
        best: tuple[int, int, int] | None = None
        for colour, ways in self._ways.items():
            if any(action in ways for action in MOVES):
                usual = {counts.most_common(1)[0][0] for counts in ways.values()}
                units = self._scene.count(ClassKey(colour)) if self._scene else 0
                best = max(best or (0, -999, 0), (len(usual), -units, -colour))
        return None if best is None else self._avatar_class(-best[2])

    def _stride(self, avatar: ClassKey | None) -> int:
        """Pixels of the avatar's most frequent move; the shortest among equally frequent ones."""
        lengths: Counter[int] = Counter()
        for counts in self._ways[avatar.colour].values() if avatar else ():
            for (dy, dx), count in counts.items():
                lengths[abs(dy) + abs(dx)] += count
        return max(lengths, key=lambda length: (lengths[length], -length), default=1)

    def _avatar_class(self, colour: int) -> ClassKey:
        """The whole colour, or one shape of it where other shapes of it stay."""
        scene = self._scene
        looks = self._looks[colour]
        if scene is None or len(looks) != 1:
            return ClassKey(colour)
        fine = ClassKey(colour, next(iter(looks)))
        return fine if fine in scene.units else ClassKey(colour)


def _shift(old: list[Part], new: list[Part], colour: int) -> tuple[int, int] | None:
    """(dy, dx) of the first part of a colour that is found again elsewhere, else of all of them."""
    gone = [p for p in old if p.colour == colour]
    come = [p for p in new if p.colour == colour]
    for part in gone:
        same = [p for p in come if p.look == part.look]
        if len(same) == 1:
            return same[0].y - part.y, same[0].x - part.x
    before, after = (np.concatenate([p.pixels for p in parts]) for parts in (gone, come))
    dy = float((after >> 6).mean() - (before >> 6).mean())
    dx = float((after & 63).mean() - (before & 63).mean())
    shift = round(dy), round(dx)
    return None if shift == (0, 0) else shift


def _thickness(moved: list[Part], colour: int) -> int:
    """Pixels of the shorter side of the thinnest body that a colour is part of."""
    body = np.zeros(PIXELS, np.bool_)
    body[np.concatenate([part.pixels for part in moved])] = True
    labels_HW = np.zeros((SIDE, SIDE), np.int32)
    ndimage.label(body.reshape(SIDE, SIDE), EIGHT, labels_HW)
    boxes = ndimage.find_objects(labels_HW)
    own = {int(labels_HW.flat[part.pixels[0]]) for part in moved if part.colour == colour}
    return min(side.stop - side.start for number in own for side in boxes[number - 1])
