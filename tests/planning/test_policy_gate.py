"""When the policy is followed, when it starts over, and when the level is explored."""

from arcworld.planning.policy_gate import PolicyGate, PolicyGateConfig

CONFIG = PolicyGateConfig(
    familiar_nats=10.0, min_window=2, min_confidence=0.5, budget=4, least_budget=2, restarts=2
)


def known() -> PolicyGate:
    """A gate on a level that training showed."""
    gate = PolicyGate(CONFIG)
    gate.note_frame(shown=True)
    return gate


def verdicts(gate: PolicyGate, count: int, likeliest: float = 0.9) -> list[str]:
    return [gate.decide(likeliest, may_reset=True) for _ in range(count)]


def test_a_confident_policy_is_followed_then_starts_over_then_stops() -> None:
    gate = known()
    for _ in range(2):
        assert verdicts(gate, 5) == ["follow"] * 4 + ["start over"]
        gate.start_over()
    assert verdicts(gate, 5) == ["follow"] * 4 + ["explore"]
    gate.start_over()
    assert verdicts(gate, 1) == ["explore"]
    gate.new_level()
    gate.note_frame(shown=True)
    assert verdicts(gate, 1) == ["follow"]


def test_a_policy_without_confidence_is_not_followed() -> None:
    gate = known()
    assert verdicts(gate, 1, likeliest=0.3) == ["explore"]


def test_a_policy_that_loses_confidence_starts_over() -> None:
    gate = known()
    assert verdicts(gate, 2) == ["follow"] * 2
    assert "start over" in verdicts(gate, 6, likeliest=0.0)


def test_in_a_strange_game_the_models_are_asked_now_and_then() -> None:
    gate = known()
    assert all(gate.evaluates(action) for action in range(10))
    gate.surprised(100.0)
    assert [action for action in range(20) if gate.evaluates(action)] == [0, 8, 16]


def test_without_a_reset_it_explores() -> None:
    assert known().decide(0.3, may_reset=False) == "explore"


def test_a_game_that_surprises_is_explored_until_it_is_familiar() -> None:
    gate = known()
    gate.surprised(100.0)
    assert verdicts(gate, 1) == ["explore"]
    for _ in range(60):
        gate.surprised(0.0)
    assert verdicts(gate, 1) == ["follow"]


def test_a_surprise_among_few_frames_is_none() -> None:
    gate = PolicyGate(PolicyGateConfig(familiar_nats=10.0, min_window=10))
    gate.note_frame(shown=True)
    for _ in range(4):
        gate.surprised(100.0)
    assert gate.asks
    gate.surprised(100.0)
    assert gate.is_strange


def test_a_policy_that_led_to_strange_frames_starts_over_a_few_times() -> None:
    gate = known()
    for _ in range(2):
        gate.surprised(100.0)
        assert not gate.is_lost, "it did not lead there"
        gate.surprised(0.0)
        gate.surprised(0.0)
        assert verdicts(gate, 1) == ["follow"]
        for _ in range(3):
            gate.surprised(100.0)
        assert gate.is_lost
        gate.start_over()
        assert gate.asks, "from the beginning it may be as training showed it"
    assert verdicts(gate, 1) == ["follow"]
    gate.surprised(100.0)
    assert gate.is_strange and not gate.is_lost


def test_the_budget_depends_on_which_part_won() -> None:
    gate = known()
    for expected in (2, 2):
        gate.level_won(explored=True)
        assert gate.budget == expected
    for expected in (4, 4):
        gate.level_won(explored=False)
        assert gate.budget == expected


def test_a_level_that_training_never_showed_is_left_to_exploring() -> None:
    gate = PolicyGate(CONFIG)
    gate.note_frame(shown=False)
    assert verdicts(gate, 2) == ["explore"] * 2
    assert [action for action in range(20) if gate.evaluates(action)] == [0, 8, 16]
    gate.note_frame(shown=True)
    gate.note_frame(shown=False)
    assert verdicts(gate, 1) == ["follow"]
