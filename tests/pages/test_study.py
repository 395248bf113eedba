"""The Study page in each state, and every act on it, with rows written through the real store and loop."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.records import Trial
from core.states import Autonomy, RunState, StudyState, TrialState
from core.workspace import Workspace
from pages.components import dialogs
from tests.pages.scripted import ScriptedHome

Open = Callable[..., AppTest]
pytestmark = pytest.mark.usefixtures("no_second_worker")


def waiting(story: ScriptedHome, **plan: Any) -> Trial:
    """A study whose baseline is judged and whose first proposal waits."""
    study = story.start(autonomy="each", **plan)
    trial = story.wait_for_proposal(study)
    story.run_until(lambda: story.store.studies.get(study.id).incumbent_id is not None)
    return story.store.trials.get(trial.id)


def text(page: AppTest) -> str:
    assert not page.exception, page.exception
    parts = [*page.markdown, *page.subheader, *page.header, *page.error, *page.warning, *page.info, *page.toast]
    return "\n".join(str(part.value) for part in parts)


def keys(page: AppTest) -> set[str | None]:
    return {each.key for each in page.button}


def button(page: AppTest, key: str) -> Any:
    return page.button(key=key)


def test_without_a_study_the_page_offers_to_start_one(open_page: Open):
    assert "No study yet" in text(open_page("study"))


def test_without_a_name_in_the_url_the_newest_study_is_shown(open_page: Open, story: ScriptedHome):
    for name in ("older", "newer"):
        story.start(name=name)
    assert "newer" in text(open_page("study"))


def test_an_unknown_study_is_told_with_the_way_out(open_page: Open, story: ScriptedHome):
    story.start(name="only")
    assert "no study" in text(open_page("study", {"study": 99}))


def test_an_unknown_trial_is_told_and_another_one_shown(open_page: Open, story: ScriptedHome):
    study = story.start()
    said = text(open_page("study", {"study": study.id, "trial": 77}))
    assert "no trial" in said and "baseline" in said


def test_a_study_without_a_worker_shows_its_queued_baseline(open_page: Open, story: ScriptedHome):
    study = story.start()
    said = text(open_page("study", {"study": study.id}))
    assert "Trial 1, the baseline, is queued" in said and "No epoch has ended yet" in said


def test_a_running_trial_is_shown_with_its_epoch(open_page: Open, story: ScriptedHome):
    study = story.start()
    story.run_until(lambda: any(run.epoch >= 2 for run in story.store.runs.of_study(study.id)))
    said = text(open_page("study", {"study": study.id}))
    assert "Trial 1, the baseline, is running" in said and "epoch" in said


def test_the_card_of_a_waiting_proposal_follows_the_order_of_a_decision(open_page: Open, story: ScriptedHome):
    trial = waiting(story)
    said = text(open_page("study", {"study": trial.study_id}))
    labels = ("What changes", "Why", "Expected", "Wrong if", "Cost", "Risk, novelty", "Lessons")
    places = [said.index(label) for label in labels]
    assert places == sorted(places)
    assert trial.approval_hash[:4] in said


def test_approving_lets_exactly_the_proposal_run(open_page: Open, story: ScriptedHome):
    trial = waiting(story)
    page = button(open_page("study", {"study": trial.study_id}), "approve").click().run()
    assert f"Trial {trial.number} is approved" in text(page)
    now = story.store.trials.get(trial.id)
    assert now.state is TrialState.APPROVED and now.approval_hash == trial.approval_hash


def test_the_name_on_a_decision_is_the_one_set_in_the_sidebar(open_page: Open, story: ScriptedHome):
    trial = waiting(story)
    page = open_page("study", {"study": trial.study_id})
    page.text_input(key="who_name").set_value("Grace").run()
    button(page, "approve").click().run()
    assert story.store.trials.decisions(trial.id)[0].actor == "Grace"


def test_without_a_name_one_click_decides_and_the_card_says_under_whose_name(open_page: Open, story: ScriptedHome):
    trial = waiting(story)
    page = open_page("study", {"study": trial.study_id})
    page.text_input(key="sign_name").set_value("Grace").run()
    assert not [field for field in page.text_input if field.key == "sign_name"]
    button(page, "approve").click().run()
    assert story.store.trials.decisions(trial.id)[0].actor == "Grace"


def test_where_others_reach_the_program_a_decision_asks_for_a_name(open_page: Open, story: ScriptedHome, monkeypatch):
    monkeypatch.setenv("VIRTUALMLE_HOST", "0.0.0.0")
    trial = waiting(story)
    page = button(open_page("study", {"study": trial.study_id}), "approve").click().run()
    assert "give your name first" in text(page) and story.store.trials.get(trial.id).waits
    page.text_input(key="sign_name").set_value("Grace").run()
    button(page, "approve").click().run()
    assert story.store.trials.decisions(trial.id)[0].actor == "Grace"


def test_the_second_of_two_browsers_is_told_who_was_first(open_page: Open, story: ScriptedHome):
    trial = waiting(story)
    page = open_page("study", {"study": trial.study_id})
    story.deciding.veto(trial, "too slow for us", "Ada", "dashboard")
    said = text(button(page, "approve").click().run())
    assert "Ada was first" in said and "trial vetoed" in said and "UTC" not in said
    assert story.store.trials.get(trial.id).state is TrialState.VETOED


def test_a_veto_needs_a_reason_and_keeps_it(open_page: Open, story: ScriptedHome):
    trial = waiting(story)
    page = button(open_page("study", {"study": trial.study_id}), f"ask-veto-{trial.id}").click().run()
    key = f"veto-{trial.id}"
    page = button(page, f"{key}-go").click().run()
    assert "needs a reason" in page.session_state[dialogs.REFUSED]
    page = button(page, f"ask-veto-{trial.id}").click().run()
    page.text_area(key=f"{key}-reason").set_value("we tried this last year")
    button(page, f"{key}-go").click().run()
    [decision] = story.store.trials.decisions(trial.id)
    assert (decision.kind, decision.reason) == ("veto", "we tried this last year")


def test_an_edit_approves_ones_own_config_and_marks_the_field(open_page: Open, story: ScriptedHome):
    trial = waiting(story)
    page = button(open_page("study", {"study": trial.study_id}), f"ask-edit-{trial.id}").click().run()
    key = f"edit-{trial.id}"
    page.number_input(key=f"{key}-dropout").set_value(0.55)
    page.text_input(key=f"{key}-reason").set_value("a bolder step")
    page = button(page, f"{key}-go").click().run()
    decided = story.store.trials.get(trial.id)
    assert decided.state is TrialState.APPROVED and decided.params["dropout"] == 0.55
    page = open_page("study", {"study": trial.study_id, "trial": trial.number})
    assert "edited, proposed" in text(page)


def cited(story: ScriptedHome, trial: Trial) -> list[int]:
    return [found.lesson_id for found in story.store.proposals.retrievals(trial.id) if found.cited]


def test_a_stale_proposal_is_marked_and_can_be_planned_again(open_page: Open, story: ScriptedHome):
    trial = waiting(story, trials=12)
    while not cited(story, trial):
        story.deciding.approve(trial, "Ada", "dashboard", accept_stale=True)
        story.run_until(lambda: not story.store.runs.unfinished())
        trial = story.wait_for_proposal(story.store.studies.get(trial.study_id))
    lesson = story.store.lessons.get(cited(story, trial)[0])
    story.workspace.editing.edit(lesson, {"claim": "raise it only a little"}, "Ben")
    page = open_page("study", {"study": trial.study_id})
    assert "was changed by Ben" in text(page) and "approve" not in keys(page)
    button(page, "replan").click().run()
    assert story.store.trials.get(trial.id).state is TrialState.EXPIRED


def test_a_window_counts_down_until_somebody_keeps_waiting(open_page: Open, story: ScriptedHome):
    study = story.start(autonomy="window", deadline_seconds=5 * 3600.0)
    trial = story.wait_for_proposal(study)
    page = open_page("study", {"study": study.id})
    assert "approves itself in" in text(page)
    page = button(page, "keep-waiting").click().run()
    assert story.store.trials.get(trial.id).deadline_at is None
    assert "keep-waiting" not in keys(page)


def test_a_judged_trial_shows_verdict_reflection_and_what_was_remembered(open_page: Open, story: ScriptedHome):
    trial = waiting(story)
    story.deciding.approve(trial, "Ada", "dashboard")
    story.run_until(lambda: story.store.proposals.reflection(trial.id) is not None)
    said = text(open_page("study", {"study": trial.study_id, "trial": trial.number}))
    for words in ("is the current best", "95 % interval", "claim held", "Observed", "Remembered", "by popularity"):
        assert words in said


def test_an_inconclusive_trial_draws_no_lesson_and_offers_one_seed(open_page: Open, home: Workspace):
    flat = ScriptedHome(home, surface=lambda params: 0.0)
    flat.dataset()
    trial = waiting(flat)
    flat.deciding.approve(trial, "Ada", "dashboard")
    flat.run_until(lambda: flat.store.proposals.reflection(trial.id) is not None)
    page = open_page("study", {"study": trial.study_id, "trial": trial.number})
    assert "No lesson is drawn" in text(page)
    button(page, "add-seed").click().run()
    assert len(flat.store.trials.get(trial.id).seeds) == 2


def test_a_failed_run_says_why_and_can_be_tried_again(open_page: Open, home: Workspace):
    story = ScriptedHome(home, failing=lambda params: params["dropout"] > 0.2)
    story.dataset()
    trial = waiting(story)
    story.deciding.approve(trial, "Ada", "dashboard")
    story.run_until(lambda: any(run.state is RunState.FAILED for run in story.store.runs.of_trial(trial.id)))
    [run] = story.store.runs.of_trial(trial.id)
    page = open_page("study", {"study": trial.study_id, "trial": trial.number})
    assert "diverged" in text(page)
    button(page, f"retry-{run.id}").click().run()
    assert story.store.runs.get(run.id).state is RunState.QUEUED


def test_pause_and_resume(open_page: Open, story: ScriptedHome):
    study = story.start()
    page = button(open_page("study", {"study": study.id}), "make-paused").click().run()
    assert story.store.studies.get(study.id).state is StudyState.PAUSED
    button(page, "make-active").click().run()
    assert story.store.studies.get(study.id).state is StudyState.ACTIVE


def test_stop_asks_before_it_ends_the_study(open_page: Open, story: ScriptedHome):
    study = story.start()
    page = button(open_page("study", {"study": study.id}), "stop").click().run()
    assert story.store.studies.get(study.id).state is StudyState.ACTIVE
    button(page, "stopping-go").click().run()
    assert story.store.studies.get(study.id).state is StudyState.STOPPING


def test_cancel_asks_before_it_ends_the_study(open_page: Open, story: ScriptedHome):
    study = story.start()
    page = open_page("study", {"study": study.id}).menu_button(key="more").click("Cancel the study").run()
    button(page, "cancelled-go").click().run()
    assert story.store.studies.get(study.id).state is StudyState.CANCELLED


def test_settings_can_be_changed_in_mid_study(open_page: Open, story: ScriptedHome):
    study = story.start(trials=6)
    page = open_page("study", {"study": study.id}).menu_button(key="more").click("Settings and instructions").run()
    key = f"settings-{study.id}-1"
    page.number_input(key=f"{key}-max_trials").set_value(9)
    page.selectbox(key=f"{key}-autonomy").set_value(Autonomy.GATED)
    page.text_area(key=f"{key}-instructions").set_value("leave max_len alone")
    button(page, f"{key}-go").click().run()
    now = story.store.studies.get(study.id)
    assert (now.max_trials, now.autonomy, now.instructions) == (9, Autonomy.GATED, "leave max_len alone")


def test_the_search_space_can_be_edited_in_mid_study(open_page: Open, story: ScriptedHome):
    study = story.start(trials=6)
    page = open_page("study", {"study": study.id}).menu_button(key="more").click("Search space").run()
    scope = f"{study.id}-1"
    page.number_input(key=f"space_{scope}_lr_high").set_value(5.0)
    page = button(page, f"space-go-{scope}").click().run()
    assert "lr=5.0 is outside" in page.session_state[dialogs.REFUSED]
    page = page.menu_button(key="more").click("Search space").run()
    page.number_input(key=f"space_{scope}_lr_high").set_value(0.004)
    page.text_input(key=f"space-reason-{scope}").set_value("we cannot serve more")
    button(page, f"space-go-{scope}").click().run()
    now = story.store.studies.get(study.id)
    assert (now.space_version, now.space["searched"]["lr"]["high"]) == (2, 0.004)


def test_the_calls_of_a_language_model_are_shown_with_what_they_cost_and_said(open_page: Open, story: ScriptedHome):
    trial = waiting(story)
    row = {"trial_id": trial.id, "purpose": "propose", "model": "openai:small", "prompt_version": "1"}
    row |= {"messages": [{"role": "user", "content": "Plan <the> next trial."}], "tools": ["propose"]}
    row |= {"reply": "", "tool_calls": [{"name": "propose", "arguments": "dropout up"}], "tokens_in": 1200}
    row |= {"tokens_out": 80, "estimated": False, "money": 0.0021, "seconds": 2.0, "outcome": "ok", "error": ""}
    story.store.calls.add(trial.study_id, row)
    story.store.calls.add(trial.study_id, {**row, "outcome": "rate limit", "error": "the provider is busy"})
    page = open_page("study", {"study": trial.study_id, "trial": trial.number})
    page.session_state["tabs-1-Trials so far-Lessons-Numbers-History-Log-Model"] = "Model"
    said = text(page.run())
    for words in ("propose · openai:small", "1,200 tokens sent, 80 received", "0.0021", "rate limit"):
        assert words in said.replace("\\", "")
    shown = [block.value for block in page.code]
    assert "Plan <the> next trial." in shown and "dropout up" in shown


def test_of_two_who_edit_the_settings_the_later_is_told(open_page: Open, story: ScriptedHome):
    study = story.start(trials=6)
    page = open_page("study", {"study": study.id}).menu_button(key="more").click("Settings and instructions").run()
    story.store.studies.edit(study.id, 1, {"max_trials": 12}, "Ben")
    page.number_input(key=f"settings-{study.id}-1-max_trials").set_value(9)
    page = button(page, f"settings-{study.id}-1-go").click().run()
    assert "Ben was first" in page.session_state[dialogs.REFUSED]
    assert story.store.studies.get(study.id).max_trials == 12


def test_a_clone_is_queued_with_its_changes(open_page: Open, story: ScriptedHome):
    trial = waiting(story)
    page = open_page("study", {"study": trial.study_id, "trial": 1})
    page = page.menu_button(key="trial-menu").click("Clone with changes").run()
    key = f"clone-{story.store.trials.by_number(trial.study_id, 1).id}"
    page.number_input(key=f"{key}-num_blocks").set_value(3)
    button(page, f"{key}-go").click().run()
    newest = story.store.trials.of_study(trial.study_id)[-1]
    assert newest.kind == "person" and newest.params["num_blocks"] == 3


def test_a_reveal_asks_for_a_name_and_waits_for_the_worker(open_page: Open, story: ScriptedHome):
    study = story.finish(story.start(trials=2))
    page = open_page("study", {"study": study.id}).menu_button(key="more").click("Open the sealed test").run()
    page.text_input(key="reveal-name").set_value("Grace")
    button(page, "reveal-go").click().run()
    reveal = story.store.reveals.of_study(study.id)
    assert reveal is not None
    assert (reveal.actor, reveal.state) == ("Grace", "requested")
    assert "being scored" in text(open_page("study", {"study": study.id}))


def test_the_arrows_step_through_the_trials_and_the_url_follows(open_page: Open, story: ScriptedHome):
    trial = waiting(story)
    page = open_page("study", {"study": trial.study_id})
    page = button(page, "go-left").click().run()
    assert page.query_params["trial"] in ("1", ["1"]) and "Trial 1 is the current best" in text(page)
    page = button(page, "go-right").click().run()
    assert "waits for you" in text(page)
