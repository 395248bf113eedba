"""What holds for lessons, the index's notes, reveals, datasets and the event log on every backend."""

from functools import partial

import numpy as np
import pytest

from core.errors import Conflict, InvalidInput, NotFound
from core.store import Found, Store
from tests.core.store.building import a_dataset, a_lesson, a_proposal, a_study, an_approved, at_once, kinds
from tests.core.store.conftest import OpenStore

ARCHIVED = {"status": "archived"}


class LessonContract:
    def test_every_edit_is_a_revision_and_an_old_one_can_be_restored(self, store: Store):
        lesson = a_lesson(store)
        edited = store.lessons.edit(lesson.id, 1, {"claim": "raise the rate", "pinned": True}, "ann", "it was wrong")
        assert (edited.claim, edited.pinned, edited.revision) == ("raise the rate", True, 2)
        restored = store.lessons.restore(lesson.id, 2, 1, "bob")
        assert (restored.claim, restored.pinned, restored.revision) == ("lower the rate", False, 3)
        old = store.lessons.revisions(lesson.id)
        assert [(one.revision, one.author) for one in old] == [(1, "expert"), (2, "ann"), (3, "bob")]
        assert old[1].body["claim"] == "raise the rate" and old[1].reason == "it was wrong"
        with pytest.raises(NotFound, match="1, 2, 3"):
            store.lessons.restore(lesson.id, 3, 9, "bob")

    def test_an_edit_over_somebody_elses_is_refused_and_names_them(self, store: Store):
        lesson = a_lesson(store)
        store.lessons.edit(lesson.id, 1, {"pinned": True}, "bob")
        with pytest.raises(Conflict, match=r"you saw revision 1\).*bob was first \(lesson edited"):
            store.lessons.edit(lesson.id, 1, {"claim": "mine"}, "ann")
        assert store.lessons.get(lesson.id).claim == "lower the rate"

    def test_of_many_edits_at_once_one_is_written(self, open_store: OpenStore):
        lesson = a_lesson(open_store())
        stores = [open_store() for _ in range(4)]
        results = at_once(
            *[lambda s=s, n=n: s.lessons.edit(lesson.id, 1, {"claim": f"{n}"}, f"p{n}") for n, s in enumerate(stores)]
        )
        assert sum(isinstance(result, Conflict) for result in results) == 3
        assert [one.revision for one in stores[0].lessons.revisions(lesson.id)] == [1, 2]

    def test_only_an_archived_lesson_is_deleted_and_its_id_is_never_given_again(self, store: Store):
        lesson = a_lesson(store)
        with pytest.raises(Conflict, match="archive it first"):
            store.lessons.delete(lesson.id, "ann")
        store.lessons.edit(lesson.id, 1, ARCHIVED, "ann")
        store.lessons.delete(lesson.id, "ann")
        with pytest.raises(NotFound, match="memory list"):
            store.lessons.get(lesson.id)
        with pytest.raises(NotFound):
            store.lessons.edit(lesson.id, 2, {"pinned": True}, "ann")
        assert a_lesson(store).id > lesson.id

    def test_a_lesson_that_was_shown_to_the_agent_stays_for_the_record(self, store: Store):
        lesson = a_lesson(store)
        a_proposal(store, a_study(store), found=[Found(lesson.id, 1, 0.8, {"text": 0.7}, cited=True)])
        store.lessons.edit(lesson.id, 1, ARCHIVED, "ann")
        with pytest.raises(Conflict, match="for the record"):
            store.lessons.delete(lesson.id, "ann")

    def test_archived_and_muted_lessons_are_listed_only_when_asked_for(self, store: Store):
        lessons = [a_lesson(store, claim) for claim in ("one", "two", "three")]
        store.lessons.edit(lessons[0].id, 1, ARCHIVED, "ann")
        store.lessons.edit(lessons[1].id, 1, {"status": "muted"}, "ann")
        assert [lesson.claim for lesson in store.lessons.all()] == ["three"]
        assert [lesson.claim for lesson in store.lessons.all(("active", "muted", "archived"))] == [
            "one",
            "two",
            "three",
        ]
        assert store.lessons.all(axis="dropout") == []

    @pytest.mark.parametrize("bad", [{"status": "gone"}, {"level": "world"}, {"wins": 9.0}])
    def test_what_a_lesson_cannot_be_is_refused(self, store: Store, bad):
        with pytest.raises(InvalidInput, match=next(iter(bad))):
            store.lessons.edit(a_lesson(store).id, 1, bad, "ann")

    def test_words_are_found_whatever_their_case_and_signs_mean_themselves(self, store: Store):
        a_lesson(store, "Short histories want 50% dropout")
        a_lesson(store, "long histories want less")
        assert len(store.lessons.containing("HISTORIES")) == 2
        assert len(store.lessons.containing("histories short")) == 1
        assert len(store.lessons.containing("50%")) == 1 and store.lessons.containing("%less") == []

    def test_evidence_of_the_same_trial_replaces_what_it_said(self, store: Store):
        lesson = a_lesson(store)
        study = a_study(store)
        trials = [an_approved(store, study, lr=lr) for lr in (0.1, 0.2)]
        store.lessons.add_evidence(lesson.id, trials[0].id, "for", 0.04, 0.01, 0.07)
        store.lessons.add_evidence(lesson.id, trials[1].id, "against", -0.02, -0.04, -0.01)
        store.lessons.add_evidence(lesson.id, trials[0].id, "for", 0.06, 0.01, 0.07)
        assert [one.effect for one in store.lessons.evidence(lesson.id)] == [0.06, -0.02]
        assert store.lessons.get(lesson.id).effect == pytest.approx(0.02)

    def test_credit_adds_up(self, store: Store):
        lesson = a_lesson(store)
        trial = an_approved(store, a_study(store))
        store.lessons.pay(lesson.id, trial.id, 0.5, 0.0)
        store.lessons.pay(lesson.id, trial.id, 0.25, 1.0)
        paid = store.lessons.get(lesson.id)
        assert (paid.wins, paid.losses, paid.revision) == (0.75, 1.0, 1)

    def test_a_step_planned_from_another_trial_than_the_best_is_marked_and_a_draw_is_not(self, store: Store):
        study = a_study(store)
        base, best = an_approved(store, study), an_approved(store, study, lr=0.25)
        outrun = a_proposal(store, study, lr=0.1, base_trial_id=base.id)
        a_proposal(store, study, lr=0.2, base_trial_id=best.id)
        a_proposal(store, study, lr=0.3, base_trial_id=base.id, axis="")
        assert [trial.id for trial in store.proposals.mark_outrun(study.id, best.id, "outrun", "verdict")] == [
            outrun.id
        ]

    def test_editing_a_cited_lesson_marks_the_proposals_that_wait(self, store: Store):
        cited, shown = a_lesson(store), a_lesson(store, "another")
        study = a_study(store)
        found = [Found(cited.id, 1, 0.8, {"text": 0.7}, cited=True, decisive=True), Found(shown.id, 1, 0.9, {})]
        waiting = a_proposal(store, study, found=found)
        decided = a_proposal(store, study, lr=0.3, found=found)
        store.trials.decide(decided, "veto", "ann", "cli", "no")
        assert store.proposals.mark_stale(shown.id, "edited", "ann") == []
        assert [trial.id for trial in store.proposals.mark_stale(cited.id, "lesson 1 was edited", "ann")] == [
            waiting.id
        ]
        stale = store.proposals.proposal(waiting.id)
        assert stale is not None and stale.stale == "lesson 1 was edited"
        assert [one.lesson_id for one in store.proposals.retrievals(waiting.id)] == [shown.id, cited.id]
        assert len(store.proposals.retrievals_of_lesson(cited.id)) == 2
        assert store.proposals.proposal_by_id(stale.id) == stale
        with pytest.raises(NotFound, match="no proposal 99"):
            store.proposals.proposal_by_id(99)

    def test_a_second_reflection_replaces_the_first_which_stays_in_the_log(self, store: Store):
        trial = an_approved(store, a_study(store))
        body = {"author": "expert", "observed": "+2 %", "predicted": "+3 %", "why": "w", "claim_held": "yes"}
        body |= {"rule": "r", "next_action": "n", "facts": {"gain": 0.02}}  # type: ignore[dict-item]
        assert store.proposals.reflection(trial.id) is None
        store.proposals.reflect(trial, body)
        store.proposals.reflect(trial, {**body, "observed": "+1 %"})
        now = store.proposals.reflection(trial.id)
        assert now is not None and (now.observed, now.facts) == ("+1 %", {"gain": 0.02})
        assert store.events.newest(1, trial_id=trial.id)[0].detail["replaces"]["observed"] == "+2 %"


class IndexContract:
    def test_the_outbox_gives_notes_in_the_order_of_the_changes_until_they_are_done(self, store: Store):
        first, second = a_lesson(store), a_lesson(store, "another")
        store.lessons.edit(first.id, 1, {"pinned": True}, "ann")
        store.index.post("profiles", "dataset-1")
        notes = store.index.pending()
        assert [note[2] for note in notes] == [first.document_id, second.document_id, first.document_id, "dataset-1"]
        before = store.index.version()
        store.index.done([note[0] for note in notes[:2]])
        assert store.index.pending() == notes[2:] and store.index.version() == before + 1
        store.index.done([])
        assert store.index.version() == before + 1

    def test_a_note_posted_while_the_index_works_is_not_lost(self, store: Store):
        lesson = a_lesson(store)
        taken = store.index.pending()
        store.lessons.edit(lesson.id, 1, {"pinned": True}, "ann")
        store.index.done([note[0] for note in taken])
        assert [note[2] for note in store.index.pending()] == [lesson.document_id]

    def test_vectors_are_kept_by_text_and_embedder(self, store: Store):
        many = {f"{n:064x}": np.full(4, n, dtype=np.float32) for n in range(1200)}
        store.index.cache_vectors(many, "minilm")
        known = store.index.cached_vectors([*many, "f" * 64], "minilm")
        assert known.keys() == many.keys()
        assert all(np.array_equal(known[key], many[key]) for key in many)
        assert store.index.cached_vectors(list(many), "hashing") == {}

    def test_two_who_cache_the_same_text_at_once_both_succeed(self, open_store: OpenStore):
        stores = [open_store() for _ in range(4)]
        vector = {"a" * 64: np.ones(3, dtype=np.float32)}
        assert at_once(*[lambda s=s: s.index.cache_vectors(vector, "minilm") for s in stores]) == [None] * 4


class RevealContract:
    def test_a_study_is_revealed_once_and_looks_are_counted_per_lineage(self, store: Store):
        here = a_study(store)
        there = a_study(store, "second", dataset_id=a_dataset(store, "eeee", "beauty again", "l1").id)
        other = a_study(store, "third", dataset_id=a_dataset(store, "ffff", "toys", "l2").id)
        assert store.reveals.request(here, "l1", "ann", {"refit": True}).look == 1
        with pytest.raises(Conflict, match=r"opened by ann already \(look 1\)"):
            store.reveals.request(here, "l1", "bob", {})
        assert store.reveals.request(there, "l1", "ann", {}).look == 2
        assert store.reveals.request(other, "l2", "ann", {}).look == 1
        assert [reveal.study_id for reveal in store.reveals.requested()] == [here.id, there.id, other.id]
        store.reveals.finish(store.reveals.requested()[0], {"ndcg@10": 0.05}, None, "w1")
        assert (store.reveals.looks("l1"), store.reveals.looks("l2")) == (1, 0)
        done = store.reveals.of_study(here.id)
        assert done is not None and (done.state, done.result) == ("done", {"ndcg@10": 0.05})
        with pytest.raises(Conflict, match="w1 was first"):
            store.reveals.finish(done, {"ndcg@10": 0.99}, None, "w2")

    def test_a_failed_reveal_is_asked_for_again_and_counts_when_it_is_done(self, store: Store):
        here = a_study(store)
        there = a_study(store, "second", dataset_id=here.dataset_id)
        store.reveals.finish(store.reveals.request(here, "l1", "ann", {}), None, "no weights", "w1")
        assert store.reveals.looks("l1") == 0
        store.reveals.finish(store.reveals.request(there, "l1", "ann", {}), {}, None, "w1")
        again = store.reveals.request(here, "l1", "ann", {})
        assert (again.look, again.error, again.state) == (2, None, "requested")
        store.reveals.finish(again, {}, None, "w1")
        assert store.reveals.looks("l1") == 2

    def test_of_two_who_reveal_at_once_one_is_told_that_it_is_done(self, open_store: OpenStore):
        study = a_study(open_store())
        results = at_once(*[partial(open_store().reveals.request, study, "l1", "ann", {}) for _ in range(4)])
        assert sum(isinstance(result, Conflict) for result in results) == 3


class DatasetContract:
    def test_the_same_content_is_one_dataset_and_comes_out_of_the_archive(self, store: Store):
        dataset = a_dataset(store)
        store.datasets.archive(dataset.id, "ann")
        assert store.datasets.all() == [] and len(store.datasets.all(archived=True)) == 1
        again = store.datasets.add(dataset.id, "other name", "l1", "/elsewhere", {}, {}, "bob")
        assert (again.name, again.folder, again.archived_at) == ("beauty", "/elsewhere", None)
        assert store.datasets.all() == [again] == [store.datasets.get("beauty")]
        with pytest.raises(Conflict, match="beauty"):
            a_dataset(store, id="other")
        with pytest.raises(NotFound, match="no dataset with id"):
            store.datasets.archive("nothing", "ann")

    def test_a_dataset_is_found_by_the_start_of_its_id_and_signs_mean_themselves(self, store: Store):
        one = a_dataset(store, "abcd11", "one")
        a_dataset(store, "abcd22", "two")
        assert store.datasets.get("abcd1") == one
        with pytest.raises(InvalidInput, match="one, two"):
            store.datasets.get("abcd")
        for miss in ("____", "abc", "%%%%"):
            with pytest.raises(NotFound, match="one, two"):
                store.datasets.get(miss)


class EventContract:
    def test_each_move_leaves_one_event_and_none_is_ever_changed(self, store: Store):
        study = a_study(store)
        trial = a_proposal(store, study)
        before = store.events.after()
        store.trials.decide(trial, "approve", "ann", "cli")
        run = store.runs.claim("w1")
        assert run is not None
        store.runs.beat(run)
        store.runs.record(run, 1, 0.5, {}, 1.0)
        store.runs.pause(run, "w1")
        assert store.events.after()[: len(before)] == before
        kinds_after = ["study created", "trial proposed", "trial approved", "run started", "run paused"]
        assert kinds(store, study_id=study.id) == kinds_after

    def test_events_are_read_from_where_the_reader_left_off(self, store: Store):
        study = a_study(store)
        first = store.events.after(limit=1)
        rest = store.events.after(first[0].id)
        store.events.note("exported", "ann", {"rows": 3}, study_id=study.id)
        assert [event.kind for event in store.events.after(rest[-1].id)] == ["exported"]
        assert [event.kind for event in store.events.after(study_id=study.id)] == ["study created", "exported"]

    def test_a_refused_act_leaves_no_event(self, store: Store):
        trial = a_proposal(store, a_study(store))
        before = store.events.after()
        with pytest.raises(Conflict):
            store.trials.decide(trial, "approve", "ann", "cli", seen_hash="other")
        assert store.events.after() == before
