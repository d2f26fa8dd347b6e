"""When the policy is followed, when it starts over, and when it is left."""

from arcworld.planning.trust import Trust, TrustConfig

CONFIG = TrustConfig(
    familiar_nats=10.0, least_lately=2, sure=0.5, patience=4, least_patience=2, restarts=2
)


def known() -> Trust:
    """On a level that training showed."""
    trust = Trust(CONFIG)
    trust.meet(shown=True)
    return trust


def verdicts(trust: Trust, count: int, likeliest: float = 0.9) -> list[str]:
    return [trust.verdict(likeliest, may_reset=True) for _ in range(count)]


def test_a_sure_policy_is_followed_then_starts_over_then_is_left() -> None:
    trust = known()
    for _ in range(2):
        assert verdicts(trust, 5) == ["follow"] * 4 + ["start over"]
        trust.start_over()
    assert verdicts(trust, 5) == ["follow"] * 4 + ["explore"]
    trust.start_over()
    assert verdicts(trust, 1) == ["explore"]
    trust.enter()
    trust.meet(shown=True)
    assert verdicts(trust, 1) == ["follow"]


def test_an_unsure_policy_is_not_followed() -> None:
    trust = known()
    assert verdicts(trust, 1, likeliest=0.3) == ["explore"]


def test_a_policy_that_was_sure_and_is_no_more_starts_over() -> None:
    trust = known()
    assert verdicts(trust, 2) == ["follow"] * 2
    assert "start over" in verdicts(trust, 6, likeliest=0.0)


def test_in_a_strange_game_the_models_are_asked_now_and_then() -> None:
    trust = known()
    assert all(trust.looks(action) for action in range(10))
    trust.surprised(100.0)
    assert [action for action in range(20) if trust.looks(action)] == [0, 8, 16]


def test_without_a_reset_it_explores() -> None:
    assert known().verdict(0.3, may_reset=False) == "explore"


def test_a_game_that_surprises_is_explored_until_it_is_familiar() -> None:
    trust = known()
    trust.surprised(100.0)
    assert verdicts(trust, 1) == ["explore"]
    for _ in range(60):
        trust.surprised(0.0)
    assert verdicts(trust, 1) == ["follow"]


def test_a_surprise_among_few_frames_is_none() -> None:
    trust = Trust(TrustConfig(familiar_nats=10.0, least_lately=10))
    trust.meet(shown=True)
    for _ in range(4):
        trust.surprised(100.0)
    assert trust.asks
    trust.surprised(100.0)
    assert trust.is_strange


def test_where_the_policy_led_into_the_unknown_it_starts_over_a_few_times() -> None:
    trust = known()
    for _ in range(2):
        trust.surprised(100.0)
        assert not trust.is_lost, "it did not lead there"
        trust.surprised(0.0)
        trust.surprised(0.0)
        assert verdicts(trust, 1) == ["follow"]
        for _ in range(3):
            trust.surprised(100.0)
        assert trust.is_lost
        trust.start_over()
        assert trust.asks, "from the beginning it may be as training showed it"
    assert verdicts(trust, 1) == ["follow"]
    trust.surprised(100.0)
    assert trust.is_strange and not trust.is_lost


def test_patience_goes_to_who_won() -> None:
    trust = known()
    for expected in (2, 2):
        trust.settle(explored=True)
        assert trust.patience == expected
    for expected in (4, 4):
        trust.settle(explored=False)
        assert trust.patience == expected


def test_a_level_that_training_never_showed_is_left_to_exploring() -> None:
    trust = Trust(CONFIG)
    trust.meet(shown=False)
    assert verdicts(trust, 2) == ["explore"] * 2
    assert [action for action in range(20) if trust.looks(action)] == [0, 8, 16]
    trust.meet(shown=True)
    trust.meet(shown=False)
    assert verdicts(trust, 1) == ["follow"]
