"""The VQ-VAE tokenizer: a convolutional encoder, 512 codes learned by moving average, a decoder.

The architecture is that of the original design (see docs/concepts/models.md). The quantiser is
`vector_quantize_pytorch.VectorQuantize` (van den Oord et al. 2017, EMA codebook), with k-means
initialisation and replacement of dead codes as in Jukebox and SoundStream.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from arcworld.frames.tokenizer import CELLS, GRID, FrameTokenizer
from arcworld.recordings.episode import COLOURS


@dataclass(frozen=True)
class VQVAEConfig:
    """Sizes and rates of a `VQVAE`; the defaults are those of the original design.

    Attributes:
        colour_dim: dimension of the embedding of a colour.
        width: channels at 8x8 and 16x16 resolution; half as many at 32x32.
        codebook_size: number of codes.
        code_dim: dimension of a code.
        decay: decay of the moving average of the codes, per step.
        commitment: weight of the commitment loss.
        dead_below: a code used less often than this (moving average) is replaced.
        worst_share: the share of pixels with the largest loss in each frame whose loss counts
            twice. Most pixels are background, so small rare objects are otherwise learned last. The
            original design has 0.
    """

    colour_dim: int = 32
    width: int = 128
    codebook_size: int = 512
    code_dim: int = 128
    decay: float = 0.99
    commitment: float = 0.25
    dead_below: float = 2.0
    worst_share: float = 0.0


class VQVAE(FrameTokenizer):
    """Encodes a frame as 8x8 codes and decodes it; 1.2 M parameters with the defaults."""

    def __init__(self, config: VQVAEConfig) -> None:
        from vector_quantize_pytorch import VectorQuantize

        super().__init__()
        self.config = config
        self.codebook_size, self.code_dim = config.codebook_size, config.code_dim
        half, width = config.width // 2, config.width
        self.colours = nn.Embedding(COLOURS, config.colour_dim)
        self.encoder = nn.Sequential(
            *_down(config.colour_dim, half),
            *_down(half, width),
            *_down(width, width),
            nn.Conv2d(width, config.code_dim, 3, stride=1, padding=1),
        )
        self.quantiser = VectorQuantize(
            dim=config.code_dim,
            codebook_size=config.codebook_size,
            decay=config.decay,
            commitment_weight=config.commitment,
            threshold_ema_dead_code=config.dead_below,  # type: ignore[arg-type]
            kmeans_init=True,
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(config.code_dim, width, 3, padding=1),
            nn.GELU(),
            *_up(width, width),
            *_up(width, half),
            nn.ConvTranspose2d(half, half, 4, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(half, COLOURS, 1),
        )

    def _features(self, frames_BHW: Tensor) -> Tensor:
        colours_BHWD = self.colours(frames_BHW.long())
        grid_BDGG = self.encoder(colours_BHWD.permute(0, 3, 1, 2))
        return grid_BDGG.flatten(2).transpose(1, 2).float()

    def _logits(self, quantised_BCD: Tensor) -> Tensor:
        grid = quantised_BCD.transpose(1, 2).unflatten(2, (GRID, GRID))
        return self.decoder(grid).float()

    def encode(self, frames_BHW: Tensor) -> Tensor:
        """See `FrameTokenizer.encode`."""
        features_BCD = self._features(frames_BHW)
        return torch.cdist(features_BCD, self.codes()[None]).argmin(-1)

    def decode(self, indices_BC: Tensor) -> Tensor:
        """See `FrameTokenizer.decode`."""
        assert indices_BC.shape[-1] == CELLS
        return self._logits(self.codes()[indices_BC]).argmax(1).to(torch.uint8)

    def codes(self) -> Tensor:
        """See `FrameTokenizer.codes`."""
        codebook: Tensor = self.quantiser._codebook.embed[0]
        return codebook

    def loss(self, frames_BHW: Tensor) -> dict[str, Tensor]:
        """Return `loss`, the one to minimise, and `cross_entropy`, `pixel_acc`, `codebook_used`.

        `loss` is the cross-entropy of the pixels plus the commitment loss. `codebook_used` is the
        share of codes that the batch uses.
        """
        features_BCD = self._features(frames_BHW)
        with torch.autocast(features_BCD.device.type, enabled=False):
            quantised, indices, commitment = self.quantiser(features_BCD)
        logits = self._logits(quantised)
        target = frames_BHW.long()
        losses = F.cross_entropy(logits, target, reduction="none").flatten(1)
        cross_entropy = losses.mean()
        worst = int(self.config.worst_share * losses.shape[1])
        extra = losses.topk(worst, dim=1).values.mean() if worst else losses.new_zeros(())
        return {
            "loss": cross_entropy + extra + commitment.sum(),
            "cross_entropy": cross_entropy.detach(),
            "pixel_acc": (logits.argmax(1) == target).float().mean(),
            "codebook_used": torch.tensor(indices.unique().numel() / self.codebook_size),
        }


def _down(inside: int, outside: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inside, outside, 4, stride=2, padding=1), nn.GELU()


def _up(inside: int, outside: int) -> tuple[nn.Module, ...]:
    return nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1), nn.GELU()
