"""The probe: multinomial logistic regression with fixed weight decay, scored out of fold.

It is simple on purpose, and the same for every question, so that two accuracies differ only by the
information in the features.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from arcworld.frames.tokenizer import CELLS

DECAY = 1e-3
"""Weight decay; feature vectors have length one."""
STEPS = 40
FOLDS = 5


def one_hot_cells(cells_NCP: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Encode the content of each cell as one-hot, for frames [N, 64 cells, 64 pixels].

    Vectors have length one. Content that occurs in one frame only, or in all, is left out, because
    it carries no information.
    """
    columns: list[NDArray[np.float32]] = []
    for c in range(cells_NCP.shape[1]):
        _, kind, counts = np.unique(
            cells_NCP[:, c], axis=0, return_inverse=True, return_counts=True
        )
        known = np.flatnonzero((counts > 1) & (counts < len(kind)))
        columns.append((kind.reshape(-1)[:, None] == known).astype(np.float32))
    return np.concatenate(columns, axis=1) / np.float32(CELLS**0.5)


def one_hot_labels(labels_NK: NDArray[np.intp], classes: int) -> NDArray[np.float32]:
    """One-hot encoding of K labels per item, [N, K * classes]; vectors of length one."""
    hot = (labels_NK[:, :, None] == np.arange(classes)).astype(np.float32)
    return hot.reshape(len(labels_NK), -1) / np.float32(labels_NK.shape[1] ** 0.5)


def folds_of(recordings_N: NDArray[np.intp], groups_N: NDArray[np.intp]) -> NDArray[np.intp]:
    """Fold of each item: by recording or, if there is only one, by stretch of play."""
    names = recordings_N if len(np.unique(recordings_N)) > 1 else groups_N
    return np.unique(names, return_inverse=True)[1] % FOLDS


def predict(
    features_NF: NDArray[np.float32], labels_N: NDArray[np.intp], folds_N: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Label of each item as predicted by a probe fitted on the other folds, [N].

    >>> x = np.eye(2, dtype=np.float32)[[0, 1] * 6]
    >>> predict(x, np.array([3, 5] * 6), np.arange(12) // 2 % 3).tolist()
    [3, 5, 3, 5, 3, 5, 3, 5, 3, 5, 3, 5]
    """
    predicted = np.full(len(labels_N), -1, dtype=np.intp)
    for fold in np.unique(folds_N):
        test = folds_N == fold
        if test.all():
            continue
        predicted[test] = _fit(features_NF[~test], labels_N[~test], features_NF[test])
    return predicted


def _fit(
    train_NF: NDArray[np.float32], labels_N: NDArray[np.intp], test_MF: NDArray[np.float32]
) -> NDArray[np.intp]:
    classes, target = np.unique(labels_N, return_inverse=True)
    if len(classes) == 1 or not train_NF.shape[1]:
        commonest = classes[np.bincount(target).argmax()]
        return np.full(len(test_MF), commonest, dtype=np.intp)
    train, test = _turned(train_NF, test_MF)
    weight = _minimise(torch.from_numpy(train), torch.from_numpy(target), len(classes))
    return classes[(test @ weight.numpy()).argmax(1)]


def _turned(
    train_NF: NDArray[np.float32], test_MF: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rotate features into the axes spanned by the training set, and append a constant.

    There are far fewer axes than features, and weight decay does not depend on a rotation.
    """
    _, _, axes = np.linalg.svd(train_NF, full_matrices=False)
    parts = [part @ axes.T for part in (train_NF, test_MF)]
    train, test = (np.pad(part, ((0, 0), (0, 1)), constant_values=1.0) for part in parts)
    return train, test


def _minimise(features_NF: torch.Tensor, target_N: torch.Tensor, classes: int) -> torch.Tensor:
    weight = torch.zeros(features_NF.shape[1], classes, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = F.cross_entropy(features_NF @ weight, target_N)
        value = value + 0.5 * DECAY * (weight**2).sum()
        value.backward()
        return value

    optimiser.step(loss)  # type: ignore[arg-type]
    return weight.detach()
