"""What a model may look up: paired differences, curves of pruned runs, long lists, and the memory within its scope."""

from dataclasses import replace
from typing import Any

import pytest

from core.agents.llm.answers import ProposalAnswer
from core.agents.llm.drafting import draft
from core.agents.llm.tools import MOST_ROOM, Tools
from core.agents.protocol import Evidence
from core.memory.hits import Hit
from core.memory.records import Lesson
from core.states import RunState, Verdict
from core.store import Store
from tests.core.agents.building import SPACE, baseline, comparison, evidence, lesson_hit, step
from tests.core.agents.llm.house import Home, proposal
from tests.core.agents.llm.loopback import Server, calls
from tests.core.store.building import FakeClock
from vectorstore.protocol import VectorStoreError


def tools(seen: Evidence, **more: Any) -> Tools:
    return Tools(seen, Store("sqlite://", FakeClock()), **more)


def test_the_profile_is_told_in_figures_without_what_is_not_known():
    seen = evidence(profile={"mean_length": 20.123456, "repeat_rate": None})
    assert tools(seen).call("get_profile", {}) == {"mean_length": 20.12}


def test_a_long_list_of_trials_ends_with_the_number_to_go_on_from():
    seen = evidence(*(step(number, "lr", 0.001 + number / 1e5, 0.01) for number in range(2, 120)))
    told, numbers = {"next": 1}, []
    while "next" in told:
        told = tools(seen).call("list_trials", {"first": told["next"]})
        assert len(str(told["trials"])) <= MOST_ROOM + 200
        numbers += [each["trial"] for each in told["trials"]]
    assert numbers == list(range(1, 120))


def test_two_trials_that_were_judged_by_each_other_are_told_with_their_paired_difference():
    other = comparison(0.01, Verdict.INCONCLUSIVE, against=2)
    seen = evidence(step(2, "dropout", 0.3, 0.09, Verdict.BETTER), step(3, "lr", 0.002, step_=other))
    told = tools(seen).call("compare_trials", {"a": 1, "b": 2})
    assert told["fields"] == {"dropout": [0.2, 0.3]}
    assert (told["paired"]["trial"], told["paired"]["says"], told["paired"]["relative"]) == (2, "better", 0.09)
    assert tools(seen).call("compare_trials", {"a": 3, "b": 2})["paired"]["against_trial"] == 2
    assert (
        "not judged by each other"
        in tools(evidence(step(2, "lr", 0.002), step(3, "lr", 0.003))).call("compare_trials", {"a": 2, "b": 3})[
            "paired"
        ]
    )


def test_a_pruned_trial_has_a_curve_to_look_at_and_its_figures_may_be_told(home: Home):
    study = home.study(agent="expert")
    home.run_until(lambda: home.store.studies.get(study.id).incumbent_id is not None)
    seen = home.evidence(study)
    made = seen.trials[0]
    runs = tuple(replace(run, state=RunState.PRUNED, value=None) for run in made.runs)
    pruned = replace(made, trial=replace(made.trial, value=None), runs=runs, curve=None)
    found = Tools(replace(seen, trials=(pruned, replace(seen.trials[1], runs=()))), home.store)
    told = found.call("get_curve", {"trial": 1})
    assert list(told) == ["1", "2", "3", "4", "5", "6", "7", "note"] and "pruned" in told["note"]
    assert told["3"] in found.record.figures
    assert found.call("get_trial", {"trial": 1})["curve"]["best_epoch"] == 7
    assert found.call("get_curve", {"trial": 2}) == {"error": "no epoch of trial 2 is known"}


def test_a_lesson_that_was_looked_up_may_be_cited():
    hit = lesson_hit("dropout", "up", id=70, effect=0.123)
    found = tools(evidence(baseline()), search=lambda seen, text: [hit])
    answer = proposal(cited_lessons=[70], decisive_lesson=70, mechanism="It gained 12.3 % elsewhere.")
    asked = ProposalAnswer.model_validate(answer)
    assert found.call("search_memory", {"text": "dropout"})[0]["lesson"] == 70
    made = draft(found.seen, found.seen.baseline, SPACE.baseline(), asked, found.record)
    assert (made.cited, made.decisive, made.mechanism) == ((70,), 70, "It gained 12.3 % elsewhere.")


def test_an_index_that_cannot_be_asked_is_told_and_stops_nothing():
    def broken(seen: Evidence, text: str) -> list[Hit]:
        raise VectorStoreError("no such collection")

    told = tools(evidence(baseline()), search=broken).call("search_memory", {"text": "dropout"})
    assert "cannot be asked now" in told["error"]


class TestSearchingTheMemory:
    @pytest.fixture
    def lessons(self, home: Home) -> dict[str, Lesson]:
        """One in scope, one of another backbone, one muted, and two dozen more."""
        editing = home.workspace.editing
        rule = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
        made = {
            "in scope": editing.add({**rule, "claim": "Dropout for the bookshop of short novels."}, "Ada"),
            "other backbone": editing.add({**rule, "backbone": "hstu", "claim": "A bookshop of novels."}, "Ada"),
            "muted": editing.add({**rule, "claim": "Novels of a bookshop, muted."}, "Ada"),
        }
        editing.set_status(made["muted"], "muted", "Ada")
        for number in range(40):
            editing.add({**rule, "claim": f"Width {number} helps.", "axis": "hidden_dim"}, "Ada")
        while home.workspace.indexer.apply():
            pass
        return made

    def found(self, home: Home, **plan: Any) -> set[int]:
        study = home.study(**plan)
        hits = home.workspace._lessons_for(home.evidence(study), "bookshop novels")
        return {hit.lesson.id for hit in hits}

    def test_it_finds_by_meaning_within_the_studys_scope(self, home: Home, lessons: dict[str, Lesson]):
        found = self.found(home)
        assert lessons["in scope"].id in found
        assert not {lessons["other backbone"].id, lessons["muted"].id} & found

    def test_it_finds_nothing_where_the_memory_is_off_or_the_proposal_is_a_control(
        self, home: Home, lessons: dict[str, Lesson]
    ):
        assert self.found(home, use_memory=False) == set()
        assert self.found(home, memory_off_share=1.0) == set()

    def test_a_lesson_a_person_rejected_for_the_study_stays_away(self, home: Home, lessons: dict[str, Lesson]):
        study = replace(home.study(), without_lessons=(lessons["in scope"].id,))
        seen = replace(home.evidence(study), study=study)
        assert lessons["in scope"].id not in {hit.lesson.id for hit in home.workspace._lessons_for(seen, "bookshop")}

    def test_one_that_was_looked_up_and_cited_is_on_the_proposals_record(
        self, home: Home, server: Server, lessons: dict[str, Lesson]
    ):
        lesson = lessons["in scope"]
        for number in range(8):
            pinned = home.store.lessons.all(axis="hidden_dim")[number]
            home.workspace.editing.pin(pinned, True, "Ada")
        answer = proposal(cited_lessons=[lesson.id], decisive_lesson=lesson.id)
        server.will(calls("search_memory", {"text": "bookshop novels"}), calls("propose", answer))
        trial = home.wait_for_proposal(home.study())
        [cited] = [each for each in home.store.proposals.retrievals(trial.id) if each.cited]
        assert (cited.lesson_id, cited.shown, cited.decisive) == (lesson.id, True, True)
