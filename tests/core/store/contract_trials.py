"""What holds for trials and their decisions on every backend."""

from functools import partial

import pytest

from core.errors import Conflict, IllegalMove, InvalidInput, NotFound, StorageFailed
from core.states import RUN_ENDED, RunState, TrialState, Verdict
from core.store import Store
from tests.core.store.building import (
    FakeClock,
    a_proposal,
    a_running,
    a_study,
    an_approved,
    at_once,
    finish,
    kinds,
)
from tests.core.store.conftest import OpenStore


class TrialContract:
    def test_a_waiting_trial_can_be_approved_vetoed_expired_or_edited(self, store: Store):
        study = a_study(store)
        after = {"approve": TrialState.APPROVED, "veto": TrialState.VETOED, "expire": TrialState.EXPIRED}
        for index, (kind, state) in enumerate(after.items()):
            trial = a_proposal(store, study, lr=0.01 * (index + 1))
            assert store.trials.decide(trial, kind, "ann", "cli", "because").state is state
            decision = store.trials.decisions(trial.id)[-1]
            assert (decision.kind, decision.actor, decision.reason) == (kind, "ann", "because")
            assert len(store.runs.of_trial(trial.id)) == (kind == "approve")

    def test_a_vetoed_proposal_never_runs(self, store: Store):
        trial = a_proposal(store, a_study(store))
        store.trials.decide(trial, "veto", "ann", "cli", "too slow")
        with pytest.raises(Conflict, match="ann was first"):
            store.trials.decide(trial, "approve", "bob", "cli")
        assert store.runs.claim("w1") is None

    def test_an_edit_runs_the_edited_config_and_keeps_the_frozen_proposal(self, store: Store):
        trial = a_proposal(store, a_study(store))
        edited = store.trials.decide(trial, "edit", "ann", "cli", "safer", params={"lr": 0.002})
        proposal = store.proposals.proposal(trial.id)
        assert edited.params == {"lr": 0.002} and proposal is not None and proposal.params == {"lr": 0.001}
        decision = store.trials.decisions(trial.id)[0]
        assert decision.approval_hash == edited.approval_hash != trial.approval_hash
        assert decision.params == {"lr": 0.002}

    @pytest.mark.parametrize("bad", [("edit", None), ("approve", {"lr": 1}), ("bless", None)])
    def test_a_decision_that_does_not_exist_is_refused(self, store: Store, bad):
        trial = a_proposal(store, a_study(store))
        with pytest.raises(InvalidInput, match="is no decision"):
            store.trials.decide(trial, bad[0], "ann", "cli", params=bad[1])

    def test_of_many_who_decide_at_once_one_wins_and_the_others_learn_who_and_when(self, open_store: OpenStore):
        trial = a_proposal(open_store(), a_study(open_store()))
        stores = [open_store() for _ in range(6)]

        def decide(store: Store, name: str, verb: str) -> str:
            store.trials.decide(trial, verb, name, "web", "mine")
            return name

        verbs = ["approve", "veto"] * 3
        results = at_once(*[partial(decide, s, f"p{n}", verbs[n]) for n, s in enumerate(stores)])
        winners = [result for result in results if isinstance(result, str)]
        losers = [result for result in results if isinstance(result, Conflict)]
        assert (len(winners), len(losers)) == (1, 5)
        assert all(winners[0] in str(lost) and "2023-11-14 22:13:20 UTC" in str(lost) for lost in losers)
        assert [decision.actor for decision in stores[0].trials.decisions(trial.id)] == winners

    def test_the_winner_is_named_even_when_the_run_has_started_since(self, store: Store):
        trial = a_proposal(store, a_study(store))
        store.trials.decide(trial, "approve", "ann", "cli")
        store.runs.claim("w1")
        with pytest.raises(Conflict, match=r"ann was first \(trial approved"):
            store.trials.decide(trial, "veto", "bob", "cli")

    def test_an_approval_of_another_hash_is_refused_and_nothing_is_queued(self, store: Store):
        trial = a_proposal(store, a_study(store))
        with pytest.raises(Conflict, match=f"you saw 0123456789ab, it is now {trial.approval_hash}"):
            store.trials.decide(trial, "approve", "ann", "cli", seen_hash="0123456789ab")
        assert store.trials.get(trial.id) == trial
        assert store.runs.unfinished() == [] and store.trials.decisions(trial.id) == []

    def test_a_config_that_waits_ran_or_was_vetoed_is_refused_and_an_expired_one_is_not(self, store: Store):
        study = a_study(store)
        trial = a_proposal(store, study)
        with pytest.raises(Conflict, match="this config is trial 1 of the study already"):
            a_proposal(store, study)
        with pytest.raises(Conflict, match="trial 1"):
            an_approved(store, study, lr=0.001)
        store.trials.decide(trial, "expire", "deadline", "deadline")
        again = a_proposal(store, study)
        store.trials.decide(again, "veto", "ann", "cli", "no")
        with pytest.raises(Conflict, match=r"trial 2 .*vetoed"):
            a_proposal(store, study)
        other = a_proposal(store, study, lr=0.9)
        with pytest.raises(Conflict, match="trial 2"):
            store.trials.decide(other, "edit", "ann", "cli", params={"lr": 0.001})
        assert store.trials.get(other.id).waits

    def test_of_two_equal_proposals_at_once_one_is_refused(self, open_store: OpenStore):
        study = a_study(open_store())
        results = at_once(*[partial(a_proposal, open_store(), study) for _ in range(4)])
        assert sum(isinstance(result, Conflict) for result in results) == 3
        assert [trial.number for trial in open_store().trials.of_study(study.id)] == [1]

    def test_numbers_have_no_gaps_when_many_propose_at_once(self, open_store: OpenStore):
        study = a_study(open_store())
        at_once(*[partial(a_proposal, open_store(), study, lr=0.1 * n) for n in range(1, 6)])
        assert [trial.number for trial in open_store().trials.of_study(study.id)] == [1, 2, 3, 4, 5]

    def test_cancelling_an_approved_trial_ends_its_runs_with_an_event_each(self, store: Store):
        study = a_study(store)
        trial = an_approved(store, study, seeds=(1, 2, 3))
        running = store.runs.claim("w1")
        assert running is not None
        assert store.trials.cancel(trial, "ann", "too long").state is TrialState.CANCELLED
        assert {run.state for run in store.runs.of_trial(trial.id)} == {RunState.CANCELLED}
        assert kinds(store, trial_id=trial.id).count("run cancelled") == 3
        with pytest.raises(IllegalMove, match="a trial that is cancelled cannot become cancelled"):
            store.trials.cancel(store.trials.get(trial.id), "bob")

    def test_a_judged_trial_that_runs_no_more_keeps_its_record(self, store: Store):
        run = a_running(store)
        finish(store, run)
        trial = store.trials.get(run.trial_id)
        store.trials.judge(trial, 0.05, Verdict.INCONCLUSIVE, {"low": -0.1}, "verdict")
        with pytest.raises(IllegalMove, match="trial 1 has ended"):
            store.trials.cancel(store.trials.get(trial.id), "ann")

    def test_a_cancel_that_comes_after_the_decision_names_who_decided(self, store: Store):
        trial = a_proposal(store, a_study(store))
        store.trials.decide(trial, "approve", "bob", "cli")
        with pytest.raises(Conflict, match="bob was first"):
            store.trials.cancel(trial, "ann")

    def test_added_seeds_change_the_hash_and_are_decided_too(self, store: Store):
        trial = an_approved(store, a_study(store), seeds=(1, 2))
        more = store.trials.add_seeds(trial, [3], "extra", "autopilot", "gate", "a second look")
        assert more.seeds == (1, 2, 3) and more.approval_hash != trial.approval_hash
        assert [decision.approval_hash for decision in store.trials.decisions(trial.id)][-1] == more.approval_hash
        assert [(run.seed, run.purpose) for run in store.runs.of_trial(trial.id)][-1] == (3, "extra")
        for seeds in ([3], [4, 4], []):
            with pytest.raises(Conflict, match=r"has the seeds \[1, 2, 3\]"):
                store.trials.add_seeds(more, seeds, "extra", "ann", "cli", "")
        waiting = a_proposal(store, store.studies.get(trial.study_id), lr=0.7)
        with pytest.raises(Conflict, match="approved trial only"):
            store.trials.add_seeds(waiting, [5], "extra", "ann", "cli", "")

    def test_a_verdict_is_written_once_and_never_while_a_run_that_counts_is_open(self, store: Store):
        run = a_running(store)
        trial = store.trials.get(run.trial_id)
        assert not store.trials.judge(trial, 0.05, Verdict.BETTER, {}, "verdict")
        finish(store, run)
        assert store.trials.judge(trial, 0.05, Verdict.BETTER, {"difference": 0.01}, "verdict")
        assert not store.trials.judge(trial, 0.09, Verdict.NOT_BETTER, {}, "verdict")
        judged = store.trials.get(trial.id)
        assert (judged.verdict, judged.comparison, judged.looks) == (Verdict.BETTER, {"difference": 0.01}, 1)

    def test_an_extra_seed_asks_for_a_second_look_and_a_fresh_one_does_not(self, store: Store):
        run = a_running(store)
        finish(store, run)
        trial = store.trials.get(run.trial_id)
        store.trials.judge(trial, 0.05, Verdict.BETTER, {}, "verdict")
        fresh = store.trials.add_seeds(trial, [8], "fresh", "ann", "finish", "")
        assert fresh.judged_at is not None
        extra = store.trials.add_seeds(trial, [9], "extra", "ann", "finish", "")
        assert extra.judged_at is None and extra.verdict is Verdict.BETTER
        assert not store.trials.judge(trial, 0.05, Verdict.BETTER, {}, "verdict")  # of before the extra seed

    def test_a_deadline_can_be_lifted_only_while_the_trial_waits(self, store: Store):
        trial = a_proposal(store, a_study(store), deadline_at=99.0)
        store.trials.set_deadline(trial, None, "ann")
        assert store.trials.get(trial.id).deadline_at is None
        store.trials.decide(trial, "veto", "bob", "cli", "no")
        with pytest.raises(Conflict, match="bob was first"):
            store.trials.set_deadline(trial, 5.0, "ann")

    def test_waiting_trials_come_oldest_first_and_by_study(self, store: Store, clock: FakeClock):
        study = a_study(store)
        other = a_study(store, "second", dataset_id=study.dataset_id)
        trials = [a_proposal(store, study), a_proposal(store, other), a_proposal(store, study, lr=0.3)]
        assert [trial.id for trial in store.trials.waiting()] == [trial.id for trial in trials]
        assert [trial.id for trial in store.trials.waiting(other.id)] == [trials[1].id]
        assert store.trials.by_number(study.id, 2) == trials[2]
        with pytest.raises(NotFound, match="no trial 5"):
            store.trials.by_number(study.id, 5)

    def test_figures_that_are_not_finite_read_as_none_and_what_cannot_be_kept_is_named(self, store: Store):
        run = a_running(store)
        finish(store, run)
        trial = store.trials.get(run.trial_id)
        store.trials.judge(trial, 0.05, Verdict.BETTER, {"low": float("-inf"), "parts": (1, float("nan"))}, "verdict")
        assert store.trials.get(trial.id).comparison == {"low": None, "parts": [1, None]}
        with pytest.raises(StorageFailed, match="cannot be kept"):
            store.events.note("exported", "ann", {"what": object()})

    def test_an_ended_run_says_so(self, store: Store):
        assert finish(store, a_running(store)).state in RUN_ENDED
