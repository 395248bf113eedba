"""A study's trials as a table: filters, orders and pages in SQL, on every backend; notes, tags and the archive."""

import pytest

from core.errors import Conflict, InvalidInput
from core.records import Study, Trial
from core.states import RunState
from core.store import Store
from core.store.trial_lines import TrialFilter
from core.views.standing import standing
from tests.core.store.building import a_proposal, a_study, an_approved, finish, kinds

ANY = TrialFilter()


def numbers(
    store: Store, study: Study, wanted: TrialFilter = ANY, order: str = "number", descending: bool = False
) -> list[int]:
    return [line.number for line in store.trial_lines.page(study.id, wanted, order, descending, 100)]


def judged(store: Store, trial: Trial, value: float | None, verdict: str | None, difference: float = 0.0) -> None:
    """End every run of an approved trial and write a verdict."""
    for run in store.runs.of_trial(trial.id):
        claimed = store.runs.claim("w1")
        assert claimed is not None and claimed.id == run.id
        finish(store, claimed, seconds=60.0 * trial.number)
    comparison = {"difference": difference, "low": difference - 0.01, "high": difference + 0.01, "against": 1}
    store.trials.judge(trial, value, verdict, comparison if verdict else None, "verdict")


@pytest.fixture
def study(store: Store) -> Study:
    """1 baseline, 2 better, 3 inconclusive by a person, 4 vetoed, 5 waiting, 6 queued."""
    study = a_study(store)
    judged(store, an_approved(store, study), 0.05, None)
    second = a_proposal(store, study, lr=0.01)
    judged(store, store.trials.decide(second, "approve", "ann", "cli"), 0.06, "better", 0.01)
    own = store.trials.add_approved(study, "person", {"lr": 0.002, "ffn": "gelu"}, (1,), "ann", "cli", "mine")
    judged(store, own, 0.055, "inconclusive", -0.005)
    store.trials.decide(a_proposal(store, study, lr=0.2, axis="dropout"), "veto", "ann", "cli", "no")
    a_proposal(store, study, lr=0.3)
    store.trials.decide(a_proposal(store, study, lr=0.4), "approve", "ann", "cli")
    return study


def test_each_line_stands_as_its_trial_does(store: Store, study: Study):
    lines = {line.number: line for line in store.trial_lines.page(study.id, ANY, "number", False, None)}
    for trial in store.trials.of_study(study.id):
        assert lines[trial.number].standing == standing(trial, store.runs.of_trial(trial.id))
    assert (lines[2].gain, lines[2].against, lines[2].seconds) == (0.01, 1, 120.0)


def test_a_running_failed_or_pruned_trial_stands_so_in_the_table_too(store: Store):
    study = a_study(store)
    endings = (None, RunState.FAILED, RunState.PRUNED)
    for index, state in enumerate(endings):
        trial = an_approved(store, study, lr=0.1 * (index + 1))
        run = store.runs.claim("w1")
        assert run is not None
        if state is not None:
            store.runs.end(run, state, "w1", error="because")
        if state is RunState.PRUNED:
            store.trials.judge(trial, None, "not better", {"difference": -0.1, "epoch": 3}, "verdict")
    lines = store.trial_lines.page(study.id, ANY, "number", False, None)
    trials = store.trials.of_study(study.id)
    shown = [standing(trial, store.runs.of_trial(trial.id)) for trial in trials]
    assert [line.standing for line in lines] == shown == ["running", "failed", "pruned"]
    assert numbers(store, study, TrialFilter(states=("pruned", "failed"))) == [2, 3]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (TrialFilter(states=("judged",)), [1, 2, 3]),
        (TrialFilter(states=("waiting", "vetoed", "queued")), [4, 5, 6]),
        (TrialFilter(verdicts=("better",)), [2]),
        (TrialFilter(authors=("person", "baseline")), [1, 3]),
        (TrialFilter(axes=("dropout",)), [4]),
        (TrialFilter(contains="LOWER rate"), [2, 4, 5, 6]),
        (TrialFilter(contains="100 %"), []),
        (TrialFilter(archived=True), []),
    ],
)
def test_a_filter_leaves_what_it_says(store: Store, study: Study, wanted: TrialFilter, expected: list[int]):
    assert numbers(store, study, wanted) == expected
    assert store.trial_lines.count(study.id, wanted) == len(expected)


def test_lines_come_in_the_order_asked_for_with_what_lacks_a_value_last(store: Store, study: Study):
    assert numbers(store, study, order="value", descending=True)[:3] == [2, 3, 1]
    assert numbers(store, study, order="gain")[:2] == [3, 2]
    assert numbers(store, study, order="training", descending=True)[0] == 3
    assert numbers(store, study, order="lr") == [3, 2, 4, 5, 6, 1]
    assert numbers(store, study, order="ffn")[0] == 3


def test_pages_follow_one_another_without_gap_or_overlap(store: Store, study: Study):
    pages = [store.trial_lines.page(study.id, ANY, "number", False, 2, offset) for offset in (0, 2, 4)]
    assert [line.number for page in pages for line in page] == [1, 2, 3, 4, 5, 6]


def test_what_can_be_filtered_by_and_what_differs_is_known(store: Store, study: Study):
    assert store.trial_lines.choices(study.id) == (("baseline", "expert", "person"), ("dropout", "lr"))
    assert store.trial_lines.varied(study.id, ANY) == ("ffn", "lr")
    assert store.trial_lines.varied(study.id, TrialFilter(verdicts=("better",))) == ()


def test_a_note_is_kept_and_of_two_writers_the_later_is_told(store: Store, study: Study):
    seen = store.trials.by_number(study.id, 2)
    assert store.trial_notes.write(seen, " worth a second look ", "ann").note == "worth a second look"
    with pytest.raises(Conflict, match="ann was first"):
        store.trial_notes.write(seen, "mine", "bob")
    assert store.trials.get(seen.id).note == "worth a second look"
    assert numbers(store, study, TrialFilter(contains="second LOOK")) == [2]
    with pytest.raises(InvalidInput, match="at most 4000"):
        store.trial_notes.write(store.trials.get(seen.id), "x" * 4001, "ann")


def test_tags_are_given_to_many_trials_at_once_and_taken_again(store: Store, study: Study):
    ids = [store.trials.by_number(study.id, number).id for number in (2, 3)]
    assert {trial.tags for trial in store.trial_notes.tag(ids, ["für später"], [], "ann")} == {("für später",)}
    assert store.trial_notes.tag(ids, ["für später"], [], "ann") == []
    assert numbers(store, study, TrialFilter(contains="für")) == [2, 3]
    store.trial_notes.tag(ids[:1], [], ["für später"], "bob")
    assert numbers(store, study, TrialFilter(contains="für")) == [3]
    with pytest.raises(InvalidInput, match="is no tag"):
        store.trial_notes.tag(ids, ["a, b"], [], "ann")


def test_an_archived_trial_leaves_the_table_and_comes_back(store: Store, study: Study):
    trial = store.trials.by_number(study.id, 3)
    assert store.trial_notes.archive(trial, "ann").archived_at is not None
    assert numbers(store, study) == [1, 2, 4, 5, 6] and numbers(store, study, TrialFilter(archived=True)) == [3]
    assert store.trial_notes.restore(trial, "ann").archived_at is None
    assert kinds(store, trial_id=trial.id)[-2:] == ["trial archived", "trial restored"]


@pytest.mark.parametrize(("number", "why"), [(1, "baseline"), (2, "current best"), (5, "waits"), (6, "runs")])
def test_what_is_needed_cannot_be_archived_and_says_why(store: Store, study: Study, number: int, why: str):
    store.studies.set_incumbent(study.id, store.trials.by_number(study.id, 2).id, None, "verdict")
    with pytest.raises(Conflict, match=why):
        store.trial_notes.archive(store.trials.by_number(study.id, number), "ann")
