import pytest

from arcworld.tokens.vocabulary import Scheme, Vocabulary


def test_v2_counts_are_those_of_the_design() -> None:
    vocabulary = Vocabulary("v2", 512)
    names = [vocabulary.token(i) for i in range(len(vocabulary) + 1)]
    assert len(vocabulary) == 589
    assert names[0] == "<VQ_000>" and names[511] == "<VQ_511>"
    assert names[512:520] == [f"<ACT_TYPE_{k}>" for k in range(8)]
    assert names[520:585] == [*(f"<ACT_LOC_{j}>" for j in range(64)), "<ACT_LOC_NULL>"]
    assert names[585:] == ["<FRAME>", "<ACT>", "<LEVEL_COMPLETE>", "<GAME_START>", "<MASK>"]
    assert vocabulary.step_tokens == 68


def test_v1_has_seven_actions_and_no_place() -> None:
    vocabulary = Vocabulary("v1", 512)
    names = [vocabulary.token(i) for i in range(len(vocabulary) + 1)]
    assert names[512:519] == [f"<ACT_{k}>" for k in range(7)]
    assert not any("LOC" in name for name in names)
    assert vocabulary.step_tokens == 67
    with pytest.raises(ValueError, match="actions 0-6; found 7"):
        vocabulary.action_id(7)
    with pytest.raises(ValueError, match="has 0 locations"):
        vocabulary.location_id(3)


@pytest.mark.parametrize("scheme", ["v1", "v2"])
@pytest.mark.parametrize("codes", [16, 64, 4096])
def test_names_are_distinct_at_any_codebook_size(scheme: Scheme, codes: int) -> None:
    vocabulary = Vocabulary(scheme, codes)
    names = [vocabulary.token(i) for i in range(len(vocabulary) + 1)]
    assert len(set(names)) == len(names) == codes + (78 if scheme == "v2" else 12)


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="v1 or v2; found 'v3'"):
        Vocabulary("v3", 512)  # type: ignore[arg-type]
