"""Splits are by recording: by `split.json` if there is one, else by guid with a seed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcworld.errors import ArcworldError
from arcworld.recordings.split import Source, load_split


def sources(root: Path, *names: str) -> list[Source]:
    return [
        Source(f"guid-{Path(name).stem}", Path(name).parent.name or "game", root / name)
        for name in names
    ]


def put(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 12), min_size=1),
    st.integers(0, 9),
    st.floats(0, 0.9),
)
@settings(max_examples=50, deadline=None)
def test_by_guid(games: dict[str, int], seed: int, fraction: float) -> None:
    every = [
        Source(f"{game}{i}", game, Path(f"/nowhere/{game}{i}.jsonl"))
        for game, count in games.items()
        for i in range(count)
    ]
    split = load_split(Path("/nowhere"), every, seed, fraction)
    assert split == load_split(Path("/nowhere"), every[::-1], seed, fraction)
    assert split.train | split.validation == {s.guid for s in every}
    assert not split.train & split.validation
    for game, count in games.items():
        held = sum(guid.startswith(game) for guid in split.validation)
        assert held < count and abs(held - count * fraction) <= 1
        assert held or fraction == 0 or count == 1
        alone = [s for s in every if s.game_id == game]
        assert load_split(Path("/nowhere"), alone, seed, fraction).train <= split.train


def test_seeds_differ() -> None:
    every = [Source(f"g{i}", "game", Path(f"/nowhere/{i}.jsonl")) for i in range(50)]
    assert load_split("/nowhere", every, 0) != load_split("/nowhere", every, 1)


def test_split_file_names_paths_or_guids(tmp_path: Path) -> None:
    every = sources(tmp_path, "x/a.jsonl", "x/b.jsonl", "y/c.jsonl", "y/d.jsonl")
    put(tmp_path / "split.json", {"train": ["x/a.jsonl", "guid-c"], "validation": ["./x/b.jsonl"]})
    split = load_split(tmp_path, every)
    assert split.train == {"guid-a", "guid-c"} and split.validation == {"guid-b"}
    assert split.part("train") is split.train and split.part("validation") is split.validation


def test_split_file_of_the_folder_above_and_below(tmp_path: Path) -> None:
    put(tmp_path / "split.json", {"train": ["x/a.jsonl"], "validation": ["x/b.jsonl"]})
    every = sources(tmp_path, "x/a.jsonl", "x/b.jsonl")
    (tmp_path / "x").mkdir()
    for data in (tmp_path / "x", tmp_path.parent, tmp_path / "x/a.jsonl"):
        assert load_split(data, every).validation == {"guid-b"}


def test_a_stray_split_file_above_rules_nothing(tmp_path: Path) -> None:
    put(tmp_path / "split.json", {"train": ["other"], "validation": []})
    (tmp_path / "x").mkdir()
    assert load_split(tmp_path / "x", sources(tmp_path, "x/a.jsonl")).train == {"guid-a"}
    with pytest.raises(ArcworldError, match="found none of the 1 recordings"):
        load_split(tmp_path, sources(tmp_path, "x/a.jsonl"))


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"train": []}', '{"train": ["a"], "validation": "b"}', '{"train": [1]}', "null"],
)
def test_a_bad_split_file_is_reported(tmp_path: Path, content: str) -> None:
    (tmp_path / "split.json").write_text(content)
    with pytest.raises(ArcworldError, match=r"split\.json: found .* expected an object") as caught:
        load_split(tmp_path, sources(tmp_path, "a.jsonl"))
    assert "\n" not in str(caught.value)


def test_a_recording_in_both_parts(tmp_path: Path) -> None:
    put(tmp_path / "split.json", {"train": ["a.jsonl"], "validation": ["guid-a"]})
    with pytest.raises(ArcworldError, match="guid-a in both parts"):
        load_split(tmp_path, sources(tmp_path, "a.jsonl"))


def test_players_alone_leave_the_split_to_the_guids(tmp_path: Path) -> None:
    every = sources(tmp_path, *(f"g/{name}.jsonl" for name in "abcde"))
    put(tmp_path / "split.json", {"players": {"anna": ["g/a.jsonl", "guid-b"], "ben": ["guid-c"]}})
    split = load_split(tmp_path, every)
    assert split.players == {"guid-a": "anna", "guid-b": "anna", "guid-c": "ben"}
    assert len(split.train) == 4 and len(split.validation) == 1


def test_players_beside_both_parts(tmp_path: Path) -> None:
    every = sources(tmp_path, "a.jsonl", "b.jsonl", "c.jsonl")
    parts = {"train": ["guid-a"], "validation": ["guid-b"], "players": {"ben": ["guid-c"]}}
    put(tmp_path / "split.json", parts)
    split = load_split(tmp_path, every)
    assert (split.train, split.validation) == ({"guid-a"}, {"guid-b"})
    assert split.players == {"guid-c": "ben"}
    held_out = split.without(frozenset({"guid-a", "guid-c"}))
    assert not held_out.train and held_out.validation == {"guid-b"}


@pytest.mark.parametrize(
    ("players", "found"),
    [
        ({"anna": ["guid-a"], "ben": ["a.jsonl"]}, "by 'anna' and by 'ben'"),
        ({"anna": "guid-a"}, "not a list"),
        (["anna"], "found"),
    ],
)
def test_players_that_cannot_be_used(tmp_path: Path, players: object, found: str) -> None:
    put(tmp_path / "split.json", {"players": players})
    with pytest.raises(ArcworldError, match=found):
        load_split(tmp_path, sources(tmp_path, "a.jsonl", "b.jsonl"))
