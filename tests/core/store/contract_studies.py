"""What holds for studies on every backend."""

import pytest

from core.errors import Conflict, IllegalMove, InvalidInput, NotFound
from core.states import STUDY_MOVES, RunState, StudyState, TrialState, Verdict
from core.store import Store
from tests.core.store.building import (
    a_dataset,
    a_proposal,
    a_running,
    a_study,
    an_approved,
    at_once,
    finish,
    kinds,
)
from tests.core.store.conftest import OpenStore

WAYS = {
    StudyState.ACTIVE: (),
    StudyState.PAUSED: (StudyState.PAUSED,),
    StudyState.STOPPING: (StudyState.STOPPING,),
    StudyState.FINISHED: (StudyState.STOPPING, StudyState.FINISHED),
    StudyState.CANCELLED: (StudyState.CANCELLED,),
}


class StudyContract:
    @pytest.mark.parametrize("origin", StudyState)
    def test_a_study_moves_where_the_table_says_and_nowhere_else(self, store: Store, origin: StudyState):
        dataset = a_dataset(store)
        for target in StudyState:
            study = a_study(store, f"to {target}", dataset_id=dataset.id)
            for step in WAYS[origin]:
                study = store.studies.move(study.id, step, "ann")
            if (origin, target) in STUDY_MOVES:
                moved = store.studies.move(study.id, target, "ann")
                assert moved.state is target
                assert (moved.ended_at is not None) == moved.has_ended
            else:
                with pytest.raises(IllegalMove, match=f"a study that is {origin} cannot become {target}"):
                    store.studies.move(study.id, target, "ann")
                assert store.studies.get(study.id) == study

    def test_of_two_who_stop_and_pause_at_once_each_is_told_the_truth(self, open_store: OpenStore):
        study = a_study(open_store())
        ann, bob = open_store(), open_store()
        results = at_once(
            lambda: ann.studies.move(study.id, StudyState.PAUSED, "ann"),
            lambda: bob.studies.move(study.id, StudyState.PAUSED, "bob"),
        )
        lost = [result for result in results if isinstance(result, Conflict | IllegalMove)]
        assert len(lost) == 1
        assert kinds(ann, study_id=study.id).count("study paused") == 1

    def test_cancelling_a_study_withdraws_what_waits_and_ends_what_runs(self, store: Store):
        study = a_study(store)
        run = a_running(store, study)
        waiting = a_proposal(store, study)
        store.studies.move(study.id, StudyState.CANCELLED, "bob", "wrong data")
        assert store.trials.get(waiting.id).state is TrialState.CANCELLED
        assert store.runs.get(run.id).state is RunState.CANCELLED
        assert store.trials.waiting() == []
        assert store.runs.claim("w1") is None
        assert kinds(store, study_id=study.id).count("trial cancelled") == 2

    def test_nothing_is_added_to_a_study_that_ended(self, store: Store):
        study = a_study(store)
        trial = a_proposal(store, study)
        approved = an_approved(store, study)
        for step in WAYS[StudyState.FINISHED]:
            store.studies.move(study.id, step, "bob")
        for act in (
            lambda: a_proposal(store, study, lr=0.3),
            lambda: an_approved(store, study, lr=0.4),
            lambda: store.trials.decide(trial, "approve", "ann", "cli"),
            lambda: store.trials.add_seeds(approved, [9], "extra", "ann", "cli", ""),
        ):
            with pytest.raises(Conflict, match=r"is finished \(bob was first \(study finished"):
                act()
        assert store.trials.decide(trial, "veto", "ann", "cli").state is TrialState.VETOED

    def test_a_name_is_given_once(self, store: Store):
        study = a_study(store)
        other = a_study(store, "second", dataset_id=study.dataset_id)
        with pytest.raises(Conflict, match="first"):
            a_study(store, "first", dataset_id=study.dataset_id)
        with pytest.raises(Conflict, match="first"):
            store.studies.edit(other.id, 1, {"name": "first"}, "ann")
        with pytest.raises(InvalidInput, match="200"):
            a_study(store, "x" * 201, dataset_id=study.dataset_id)

    def test_a_study_is_found_by_id_or_name_and_a_miss_lists_the_newest(self, store: Store):
        study = a_study(store, "2024")
        assert store.studies.get("2024") == store.studies.get(study.id) == store.studies.get(str(study.id)) == study
        for miss in ("²", "99999999999999999999", "-1", "%"):
            with pytest.raises(NotFound, match="2024"):
                store.studies.get(miss)

    def test_a_study_of_an_unknown_dataset_is_refused(self, store: Store):
        with pytest.raises(NotFound, match="import"):
            a_study(store, dataset_id="nothing")

    def test_settings_keep_every_revision_and_an_old_one_can_be_restored(self, store: Store):
        study = a_study(store)
        edited = store.studies.edit(study.id, 1, {"max_trials": 9, "space": {"lr": {"low": 0.1}}}, "bob", "wider")
        assert (edited.max_trials, edited.space_version) == (9, 2)
        assert [(row["revision"], row["author"]) for row in store.studies.revisions(study.id)] == [
            (1, "ann"),
            (2, "bob"),
        ]
        restored = store.studies.restore(study.id, 1, "ann")
        assert (restored.max_trials, restored.space, restored.space_version) == (6, study.space, 3)
        assert store.studies.revision(study.id) == 3
        with pytest.raises(NotFound, match="1, 2, 3"):
            store.studies.restore(study.id, 7, "ann")

    def test_an_edit_over_somebody_elses_is_refused_and_names_them(self, store: Store):
        study = a_study(store)
        store.studies.edit(study.id, 1, {"max_trials": 9}, "bob")
        store.studies.move(study.id, StudyState.PAUSED, "cyd")
        with pytest.raises(Conflict, match=r"you saw revision 1\).*bob was first \(study edited, 2023-11-14"):
            store.studies.edit(study.id, 1, {"max_trials": 7}, "ann")
        assert store.studies.get(study.id).max_trials == 9

    def test_an_edit_that_changes_nothing_leaves_no_revision(self, store: Store):
        study = a_study(store)
        assert store.studies.edit(study.id, 1, {"max_trials": 6, "space": study.space}, "bob") == study
        assert store.studies.revision(study.id) == 1
        with pytest.raises(InvalidInput, match="seed cannot be changed"):
            store.studies.edit(study.id, 1, {"seed": 3}, "bob")

    def test_the_incumbent_changes_only_from_the_one_the_caller_saw(self, store: Store):
        study = a_study(store)
        trial = an_approved(store, study)
        assert store.studies.set_incumbent(study.id, trial.id, None, "verdict")
        assert not store.studies.set_incumbent(study.id, 999, None, "verdict")
        assert store.studies.get(study.id).incumbent_id == trial.id

    def test_the_version_moves_with_every_change_a_page_shows(self, store: Store):
        study = a_study(store)
        seen = [store.studies.version(study.id)]

        def moved() -> bool:
            seen.append(store.studies.version(study.id))
            return seen[-1] > seen[-2]

        trial = a_proposal(store, study)
        assert moved()
        store.trials.set_deadline(trial, 5.0, "ann")
        assert moved()
        store.trials.decide(trial, "approve", "ann", "cli")
        assert moved()
        run = store.runs.claim("w1")
        assert run is not None and moved()
        store.runs.record(run, 1, 0.7, {"ndcg@10": 0.04}, 2.0)
        assert moved()
        finish(store, run)
        assert moved()
        assert store.trials.judge(store.trials.get(trial.id), 0.05, Verdict.BETTER, None, "verdict")
        assert moved()
        store.studies.edit(study.id, 1, {"max_trials": 8}, "ann")
        assert moved()
        store.studies.recommend(study.id, trial.id, "best", "verdict")
        assert moved()
