from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arcworld.errors import ArcworldError
from arcworld.frames.tokenizer import from_cells, to_cells
from arcworld.frames.vqvae import VQVAE, VQVAEConfig
from arcworld.models.storage.checkpoint import load_model, load_tensors, save_model, save_tensors
from arcworld.recordings.episode import Episode

TINY = VQVAEConfig(colour_dim=4, width=16, codebook_size=8, code_dim=4)


@given(st.integers(0, 2**32 - 1))
def test_cells_are_the_frame_rearranged(seed: int) -> None:
    frame = torch.from_numpy(np.random.default_rng(seed).integers(0, 16, (2, 64, 64)))
    cells = to_cells(frame)
    assert torch.equal(from_cells(cells), frame)
    assert torch.equal(cells[1, 10], frame[1, 8:16, 16:24])


def test_the_seed_s_sizes() -> None:
    model = VQVAE(VQVAEConfig())
    codebook = model.codes()
    assert codebook.shape == (512, 128)
    parameters = sum(p.numel() for p in model.parameters()) + codebook.numel()
    assert 1.1e6 < parameters < 1.4e6


def test_a_frame_becomes_64_codes_and_a_frame_again(make_episode: Callable[..., Episode]) -> None:
    frames = make_episode(frames=5).frames_THW
    model = VQVAE(TINY).eval()
    indices = model.encode_frames(frames, batch=2)
    assert indices.shape == (5, 64) and indices.dtype == np.int32
    assert indices.min() >= 0 and indices.max() < 8
    back = model.decode_frames(indices, batch=3)
    assert back.shape == (5, 64, 64) and back.dtype == np.uint8 and back.max() < 16
    assert np.array_equal(indices[:2], model.encode_frames(frames[:2]))


def test_it_learns_to_rebuild_a_few_frames() -> None:
    torch.manual_seed(0)
    blocks = np.random.default_rng(0).integers(0, 4, (6, 8, 8))
    frames = torch.from_numpy(blocks.repeat(8, axis=1).repeat(8, axis=2))
    model = VQVAE(VQVAEConfig(8, 32, codebook_size=32, code_dim=16, decay=0.8))
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(200):
        losses = model.loss(frames)
        losses["loss"].backward()
        optimiser.step()
        optimiser.zero_grad()
    model.eval()
    back = model.decode(model.encode(frames))
    assert float((back == frames).float().mean()) > 0.9


def test_the_worst_pixels_count_once_more() -> None:
    torch.manual_seed(0)
    frames = torch.randint(0, 16, (2, 64, 64))
    torch.manual_seed(1)
    plain = VQVAE(TINY).eval()
    worst = VQVAE(VQVAEConfig(4, 16, 8, 4, worst_share=0.01)).eval()
    worst.load_state_dict(plain.state_dict())
    a, b = plain.loss(frames), worst.loss(frames)
    extra = (b["loss"] - a["loss"]).detach()
    assert float(extra) > float(a["cross_entropy"])


def test_it_saves_and_loads_to_the_bit(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = VQVAE(TINY)
    frames = torch.randint(0, 16, (4, 64, 64))
    model.loss(frames)  # so that the state of k-means and of the moving averages is saved too
    save_model(tmp_path, model.eval(), model.config)
    again = load_model(tmp_path, VQVAE)
    assert torch.equal(model.encode(frames), again.encode(frames))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("nan", "holds NaN or infinity"),
        ("missing", "do not belong or are missing"),
        ("shape", "has shape"),
        ("cut", "no readable safetensors"),
        ("gone", "found nothing"),
        ("class", "class 'Oracle' is unknown"),
        ("setting", "setting 'codebok_size' is unknown; did you mean 'codebook_size'"),
        ("json", "found no JSON"),
        ("list", "found a list; expected a JSON object"),
        ("kind", "setting width is 'wide'; expected a whole number"),
    ],
)
def test_spoilt_weights_are_one_line(tmp_path: Path, spoil: str, message: str) -> None:
    model = VQVAE(TINY)
    save_model(tmp_path, model, TINY)
    weights, config = tmp_path / "model.safetensors", tmp_path / "config.json"
    tensors = load_tensors(weights)
    name = "colours.weight"
    if spoil == "nan":
        save_tensors(weights, tensors | {name: tensors[name] * torch.nan})
    elif spoil == "missing":
        save_tensors(weights, {k: v for k, v in tensors.items() if k != name})
    elif spoil == "shape":
        save_tensors(weights, tensors | {name: tensors[name][:, :1]})
    elif spoil == "cut":
        weights.write_bytes(weights.read_bytes()[:50])
    elif spoil == "gone":
        weights.unlink()
    elif spoil == "class":
        config.write_text(config.read_text().replace("VQVAE", "Oracle"))
    elif spoil == "setting":
        config.write_text(config.read_text().replace("codebook_size", "codebok_size"))
    elif spoil == "list":
        config.write_text("[]")
    elif spoil == "kind":
        config.write_text(config.read_text().replace('"width": 16', '"width": "wide"'))
    else:
        config.write_text("{")
    with pytest.raises(ArcworldError, match=message) as error:
        load_model(tmp_path, VQVAE)
    assert "\n" not in str(error.value) and str(tmp_path) in str(error.value)
