"""What the Study page shows, computed from a scripted study: figures, intervals, curves, slices, forms."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.records import Study, Trial
from core.states import RunState, StudyState
from core.views.cited import cited_lessons
from core.views.config_form import active, differing, fields
from core.views.curves import curves
from core.views.slices import slice_gains, slices_of
from core.views.study import StudyView, incumbents, study_view
from core.views.trial import TrialView, trial_view
from core.views.user_gains import UserGains, user_gains
from tests.core.loop.world import USERS, World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A finished study of four trials where dropout matters."""
    built = World(tmp_path_factory.mktemp("home"))
    dataset = built.dataset()
    _fill(built.workspace.settings.datasets / dataset.folder / "open")
    built.finish(built.start(trials=4))
    return built


def _fill(folder: Path) -> None:
    drawn = np.random.default_rng(1)
    lengths = drawn.integers(2, 12, USERS)
    users = np.repeat(np.arange(USERS), lengths)
    train = pd.DataFrame({"user": users, "item": drawn.geometric(0.1, len(users)).clip(1, 50)})
    targets = pd.DataFrame({"user": np.arange(USERS), "item": drawn.geometric(0.1, USERS).clip(1, 50)})
    train.assign(is_target=True).to_parquet(folder / "train.parquet")
    targets.assign(is_target=True).to_parquet(folder / "validation.parquet")


def seen(world: World, study: Study | None = None) -> StudyView:
    return study_view(world.store, study or world.store.studies.get(1), world.clock.now())


def trial(world: World, number: int) -> TrialView:
    return trial_view(world.store, world.store.studies.get(1), number)


def figure(view: StudyView, label: str) -> Any:
    return next(each for each in view.figures if each.label.startswith(label))


def test_the_best_figure_is_the_current_best_with_its_gain_over_the_baseline(world: World):
    study = world.store.studies.get(1)
    assert study.incumbent_id is not None
    best, baseline = world.store.trials.get(study.incumbent_id), world.store.trials.by_number(1, 1)
    shown = figure(seen(world), "Validation")
    assert shown.value == f"{best.value:.4f}" and shown.aside.startswith("±")
    assert best.value is not None and baseline.value is not None
    assert shown.delta == f"+{(best.value / baseline.value - 1) * 100:.1f} %"


def test_an_estimate_is_told_apart_from_the_current_best(world: World):
    study = world.store.studies.get(1)
    other = next(t for t in world.store.trials.of_study(1) if t.id != study.incumbent_id and t.value is not None)
    view = seen(world, replace(study, recommended_id=other.id))
    assert figure(view, "Validation") == figure(seen(world, replace(study, recommended_id=None)), "Validation")
    assert view.estimate.startswith(f"estimate {other.value:.4f}: trial {other.number} is recommended")
    assert not seen(world, replace(study, recommended_id=study.incumbent_id)).estimate


def test_before_the_baseline_has_a_value_no_figure_is_made_up(tmp_path: Path):
    world = World(tmp_path)
    world.dataset()
    view = seen(world, world.start())
    assert figure(view, "Validation").value == "–" and figure(view, "Noise").value == "–"
    assert view.points == () and view.incumbents == ()


def test_the_trial_that_waits_is_the_one_to_look_at(tmp_path: Path):
    world = World(tmp_path)
    world.dataset()
    study = world.start(autonomy="each")
    waits = world.wait_for_proposal(study)
    view = seen(world, world.store.studies.get(study.id))
    assert view.chosen_by_default == waits.number
    assert figure(view, "Trials").delta == "1 waits for you"


def test_the_moves_offered_are_the_legal_ones(world: World):
    assert seen(world).head.moves == frozenset()
    running = world.store.studies.get(1)
    assert running.state is StudyState.FINISHED


def test_the_line_of_the_current_best_steps_only_on_better_verdicts(world: World):
    trials = world.store.trials.of_study(1)
    numbers = incumbents(trials)
    assert numbers[0] == 1 and all(trials[n - 1].verdict == "better" for n in numbers[1:])
    assert trials[numbers[-1] - 1].id == world.store.studies.get(1).incumbent_id


def test_an_observed_interval_is_the_one_of_the_verdict(world: World):
    view = trial(world, 2)
    comparison = view.trial.comparison
    assert view.observed is not None and comparison is not None
    assert (view.observed.low, view.observed.high) == (comparison["low"], comparison["high"])
    assert view.predicted is not None and view.predicted.standing == "predicted"


def test_a_trial_judged_against_another_than_it_was_planned_from_shows_its_own_step_too(world: World):
    judged = world.store.trials.by_number(1, 3)
    proposal = world.store.proposals.proposal(judged.id)
    assert proposal is not None and judged.comparison is not None and judged.step_comparison is not None
    assert proposal.base_trial_id == judged.step_comparison["against"] == 2 and judged.comparison["against"] == 1
    step = trial(world, 3).own_step
    assert step is not None and step.label == "from trial 2"
    assert step.value == judged.step_comparison["difference"]
    assert trial(world, 4).own_step is None


def test_a_judged_trial_names_what_it_taught(world: World):
    judged = next(t for t in world.store.trials.of_study(1) if t.verdict in ("better", "not better"))
    view = trial(world, judged.number)
    assert {lesson.level for lesson in view.remembered} == {"this study", "this dataset", "across datasets"}


def test_an_edited_trial_shows_what_was_proposed(tmp_path: Path):
    world = World(tmp_path)
    world.dataset()
    study = world.start(autonomy="each")
    waits = world.wait_for_proposal(study)
    world.deciding.edit(waits, {"dropout": 0.6}, "Ada", "dashboard")
    [change] = [c for c in trial_view(world.store, study, waits.number).changes if c.field == "dropout"]
    assert change.after == "0.6" and change.proposed == "0.3"


def test_after_the_end_nothing_can_be_done_with_a_trial(world: World):
    acts = trial(world, 2).acts
    assert not (acts.decide or acts.cancel or acts.clone or acts.add_seeds or acts.retry)


def test_the_score_of_a_retrieved_lesson_is_the_sum_of_its_parts(world: World):
    last = world.store.trials.by_number(1, 4)
    found = cited_lessons(world.store, last)
    assert found
    for lesson in found:
        parts = sum(share * weight for _, share, weight in lesson.parts) + (0.5 if lesson.pinned else 0.0)
        assert lesson.score == pytest.approx(parts)


def test_seeds_of_a_config_share_a_line_with_their_spread_as_a_band(world: World):
    shown = curves(world.store, world.store.studies.get(1), 3, (), 0.001)
    baseline = next(line for line in shown.lines if line.number == 1)
    assert len(baseline.low) == len(baseline.validation) == 7
    middle = zip(baseline.low, baseline.validation, baseline.high, strict=True)
    assert all(low <= value <= high for low, value, high in middle)


def test_fresh_seeds_are_not_drawn_among_the_trials_curves(world: World):
    runs = world.store.runs.of_trial(world.store.trials.by_number(1, 1).id)
    assert any(run.purpose == "fresh" for run in runs)
    shown = curves(world.store, world.store.studies.get(1), 1, (), None)
    assert sum(line.number == 1 for line in shown.lines) == 1


def test_a_run_under_way_has_a_line_of_its_own(tmp_path: Path):
    world = World(tmp_path)
    world.dataset()
    study = world.start()
    world.run_until(
        lambda: any(r.state is RunState.RUNNING and r.epoch > 1 for r in world.store.runs.of_study(study.id))
    )
    [line] = [line for line in curves(world.store, study, None, (), None).lines if line.is_live]
    assert line.number == 1 and line.minutes[-1] == pytest.approx(0.5 * len(line.epochs) / 60)


def test_a_trial_that_took_over_weights_has_no_curve_and_says_so(tmp_path: Path):
    world = World(tmp_path)
    world.dataset()
    study = world.start()
    run = world.store.runs.claim("here-1")
    assert run is not None and curves(world.store, study, 1, (), None).untrained is None
    world.store.runs.end(run, RunState.COMPLETE, "here-1", value=0.1, best_epoch=5)
    assert curves(world.store, study, 1, (), None).untrained == 1


def gains(world: World, of: Trial) -> Any:
    parts = world.workspace
    return slice_gains(world.store, parts.artifacts, parts.settings.datasets, world.store.studies.get(1), of)


def test_slices_of_one_kind_together_give_the_whole_change(world: World):
    judged = world.store.trials.by_number(1, 2)
    by_item = [gain for gain in gains(world, judged) if gain.label.endswith("items")]
    assert sum(gain.users for gain in by_item) == USERS and judged.comparison is not None
    whole = sum(gain.users * gain.change for gain in by_item) / USERS
    assert whole == pytest.approx(judged.comparison["difference"])


def moved(world: World, number: int) -> UserGains | None:
    judged = world.store.trials.by_number(1, number)
    return user_gains(world.store, world.workspace.artifacts, world.store.studies.get(1), judged)


def test_the_gains_of_all_users_together_are_the_verdicts_difference(world: World):
    seen = moved(world, 2)
    comparison = world.store.trials.by_number(1, 2).comparison
    assert seen is not None and comparison is not None
    assert (seen.mean, seen.low, seen.high) == tuple(comparison[name] for name in ("difference", "low", "high"))
    assert seen.gained + seen.lost + seen.same == seen.users == USERS
    assert sum(count for at, count in seen.bins if at > 0) == seen.gained
    about = sum(at * count for at, count in seen.bins) / USERS
    assert about == pytest.approx(seen.mean, abs=0.05)


def test_the_baseline_has_nobody_who_gained(world: World):
    assert moved(world, 1) is None


def test_a_trial_without_a_verdict_has_no_slices(world: World):
    assert gains(world, world.store.trials.by_number(1, 1)) == ()


def test_the_popular_third_of_the_events_is_the_head(tmp_path: Path):
    train = pd.DataFrame({"user": [0, 0, 0, 1, 1, 1], "item": [1, 1, 2, 1, 1, 3]})
    targets = pd.DataFrame({"user": [0, 1], "item": [1, 3], "is_target": [True, True]})
    train.to_parquet(tmp_path / "train.parquet")
    targets.to_parquet(tmp_path / "validation.parquet")
    members = dict(slices_of(tmp_path))
    assert members["head items"].tolist() == [True, False] and members["tail items"].tolist() == [False, True]


def test_the_form_puts_the_changed_field_first_and_notices_only_real_changes(world: World):
    study, changed = world.store.studies.get(1), world.store.trials.by_number(1, 1)
    rows = fields(world.store, study, changed)
    assert rows[0].is_changed and rows[0].name == "dropout"
    same = {row.name: row.proposed for row in rows}
    assert differing(rows, same) == {}
    assert differing(rows, {**same, "lr": 0.002}) == {"lr": 0.002}


def test_a_field_that_does_not_act_is_known(world: World):
    rows = fields(world.store, world.store.studies.get(1), world.store.trials.by_number(1, 1))
    assert active(rows, {"loss": "full_softmax"})["negatives"] is False
    assert active(rows, {"loss": "sampled_softmax"})["negatives"] is True
