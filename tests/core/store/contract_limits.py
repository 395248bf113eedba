"""What holds for the archive of studies and for their epochs on every backend."""

from typing import Any

import pytest

from core.errors import Conflict, NotFound
from core.records import Run, Study
from core.states import RunState, StudyState
from core.store import Store
from tests.core.store.building import a_study, kinds


def trained(store: Store, study: Study, epoch: int, best: int, params: dict[str, Any] | None = None) -> Run:
    """A complete run that went so far within the study's epochs; patience 10 unless `params` say otherwise."""
    config = {"lr": float(epoch), "early_stop_patience": 10, **(params or {})}
    store.trials.add_approved(study, "baseline", config, (1,), "ann", "start", "")
    run = store.runs.claim("w1")
    assert run is not None
    store.runs.record(run, epoch, 0.5, {"ndcg@10": 0.04}, 1.0)
    return store.runs.end(run, RunState.COMPLETE, "w1", epoch=epoch, best_epoch=best, value=0.04)


class LimitsContract:
    def test_only_a_study_that_has_ended_can_be_archived_and_comes_back(self, store: Store):
        study = a_study(store)
        for state in (StudyState.ACTIVE, StudyState.PAUSED, StudyState.STOPPING):
            if store.studies.get(study.id).state is not state:
                store.studies.move(study.id, state, "ann")
            with pytest.raises(Conflict, match=f"study {study.id} is {state}; stop or cancel it first"):
                store.shelf.archive(study.id, "ann")
        store.studies.move(study.id, StudyState.FINISHED, "ann")
        assert store.shelf.archive(study.id, "ann").archived_at == store.studies.clock.now()
        assert (store.studies.in_sight(), store.shelf.count()) == ([], 1)
        assert [each.id for each in store.studies.all()] == [study.id]
        assert store.shelf.restore(study.id, "ann").archived_at is None
        assert [each.id for each in store.studies.in_sight()] == [study.id]
        assert kinds(store, study_id=study.id)[-2:] == ["study archived", "study restored"]

    def test_archiving_twice_is_one_event(self, store: Store):
        study = a_study(store)
        store.studies.move(study.id, StudyState.CANCELLED, "ann")
        first = store.shelf.archive(study.id, "ann")
        assert store.shelf.archive(study.id, "bob") == first
        assert kinds(store, study_id=study.id).count("study archived") == 1
        with pytest.raises(NotFound, match="no study 99"):
            store.shelf.archive(99, "ann")

    def test_archived_studies_are_another_page_of_lines(self, store: Store):
        kept = a_study(store, "kept")
        gone = a_study(store, "gone", dataset_id=kept.dataset_id)
        store.studies.move(gone.id, StudyState.CANCELLED, "ann")
        store.shelf.archive(gone.id, "ann")
        assert [line.id for line in store.study_lines.page(9)] == [kept.id]
        assert [line.id for line in store.study_lines.page(9, archived=True)] == [gone.id]
        assert (store.study_lines.count("o"), store.study_lines.count("o", archived=True)) == (0, 1)

    def test_before_any_training_epochs_are_free_to_change(self, store: Store):
        study = a_study(store)
        store.trials.add_approved(study, "baseline", {"lr": 0.1}, (1,), "ann", "start", "")
        assert store.studies.edit(study.id, 1, {"max_epochs": 7}, "bob").max_epochs == 7

    @pytest.mark.parametrize(
        ("epoch", "best", "after", "alike"),
        [
            (30, 20, 80, True),  # patience ended it: more epochs change nothing
            (50, 40, 80, True),  # patience and limit ended it at once
            (50, 45, 80, False),  # the limit cut it off
            (30, 20, 25, True),  # its best epoch is still within
            (30, 20, 20, True),
            (30, 20, 19, False),
        ],
    )
    def test_epochs_change_only_where_what_was_trained_stays_comparable(
        self, store: Store, epoch: int, best: int, after: int, alike: bool
    ):
        study = a_study(store)
        trained(store, study, epoch, best)
        if alike:
            assert store.studies.edit(study.id, 1, {"max_epochs": after}, "bob").max_epochs == after
            return
        with pytest.raises(Conflict, match=f"epochs 50 → {after}: trial 1 would have trained otherwise.*start another"):
            store.studies.edit(study.id, 1, {"max_epochs": after, "max_trials": 9}, "bob")
        assert (store.studies.get(study.id).max_epochs, store.studies.revision(study.id)) == (50, 1)

    @pytest.mark.parametrize("params", [{"schedule": "cosine"}, {"warmup": 0.1}])
    def test_a_rate_planned_over_the_epochs_fixes_them(self, store: Store, params: dict[str, Any]):
        study = a_study(store)
        trained(store, study, 30, 20, params)
        with pytest.raises(Conflict, match="would not compare"):
            store.studies.edit(study.id, 1, {"max_epochs": 80}, "bob")

    def test_while_a_run_is_under_way_epochs_wait_and_a_paused_one_goes_on_under_the_new_limit(self, store: Store):
        study = a_study(store)
        store.trials.add_approved(study, "baseline", {"lr": 0.1}, (1,), "ann", "start", "")
        run = store.runs.claim("w1")
        assert run is not None
        with pytest.raises(Conflict, match="trial 1 runs within 50 epochs; wait for its end or pause"):
            store.studies.edit(study.id, 1, {"max_epochs": 80}, "bob")
        store.runs.record(run, 12, 0.5, {"ndcg@10": 0.04}, 1.0)
        store.studies.move(study.id, StudyState.PAUSED, "ann")
        store.runs.pause(run, "w1")
        with pytest.raises(Conflict, match="trial 1 would have trained otherwise within 11"):
            store.studies.edit(study.id, 1, {"max_epochs": 11}, "bob")
        assert store.studies.edit(study.id, 1, {"max_epochs": 80}, "bob").max_epochs == 80
