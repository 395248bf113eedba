"""What whole runs say about a look at a part of their epochs."""

from core.agents.pruning import first_rung
from core.agents.reliability import look, reliability

RISING = [0.1 * (1 - 0.7**epoch) for epoch in range(1, 13)]
NOISE = 0.002
LATE = [0.0] * 6 + [0.15] * 6  # learns nothing for half its epochs, then leads


def scaled(share: float) -> list[float]:
    return [share * value for value in RISING]


def seen(curve: list[float]):
    found = look(curve, RISING, NOISE)
    assert found is not None
    return found


def test_a_look_tells_the_lag_at_the_first_rung_and_at_the_end():
    found = seen(scaled(0.5))
    assert (round(found.lag_at_rung, 9), round(found.lag_at_end, 9)) == (-0.5, -0.5)
    assert found.stopped_at == first_rung(RISING) and not found.is_wrong


def test_a_run_that_leads_at_the_end_and_would_have_been_stopped_is_a_mistake():
    found = seen(LATE)
    assert found.stopped_at == first_rung(RISING) and found.lag_at_end > 0 and found.is_wrong


def test_a_run_too_short_for_a_first_look_is_left_out():
    assert look(RISING[: first_rung(RISING) - 1], RISING, NOISE) is None


def test_runs_that_keep_their_order_agree_fully_and_what_pruning_saves_is_counted_in_epochs():
    told = reliability([seen(scaled(share)) for share in (0.4, 0.6, 0.98, 1.0, 1.1)])
    assert told.tau is not None and round(told.tau, 9) == 1.0
    assert (told.runs, told.stopped, told.wrong) == (5, 2, 0)
    spared = 2 * (len(RISING) - first_rung(RISING))
    assert round(told.saved, 9) == round(spared / (5 * len(RISING)), 9)


def test_few_runs_have_no_rank_correlation_and_say_so():
    told = reliability([seen(LATE)])
    assert told.tau is None and told.wrong == 1 and "too few" in told.sentence


def test_no_runs_at_all_are_told_as_none():
    assert reliability([]).saved == 0.0
