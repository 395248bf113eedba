"""The numbers of the evidence that a model may tell; never those that people or models wrote."""

from typing import Any

from core.agents.llm import telling
from core.agents.llm.prose import Record, record
from core.agents.protocol import Evidence, TrialView

PEOPLES_WORDS = ("person_says", "concluded")
RELATIVE = ("relative", "low", "high", "smallest_detectable")  # of a comparison, as it is told
SHARES = ("density", "head_share", "tail_share", "repeat_rate", "tie_share", "cold_share")  # of a profile


def numbers_told(evidence: Evidence) -> Record:
    """Figures of trials, space, profile and lessons; relative changes and shares may be told as percentages."""
    return record(_figures(evidence), _shares(evidence))


def _figures(evidence: Evidence) -> list[Any]:
    views = evidence.trials
    told = [telling.trial_data(view, evidence) for view in views]
    told = [{name: held for name, held in trial.items() if name not in PEOPLES_WORDS} for trial in told]
    exact = [(view.trial.value, view.trial.number, dict(view.trial.params)) for view in views]
    space = [(param.low, param.high, list(param.options), param.default) for param in evidence.space.searched.values()]
    study = {**telling.study_data(evidence), "dataset": "", "trials": len(views)}
    profile = {name: value for name, value in evidence.profile.items() if value is not None}
    runs = [(run.value, run.best_epoch, run.epoch) for view in views for run in view.runs]
    slices = [telling.slices_data(view) for view in views]
    comparisons = [vars(each) for view in views for each in (view.comparison, view.step) if each]
    curves = [vars(view.curve) for view in views if view.curve]
    figures = [told, telling.axes_data(evidence), exact, space, study, profile, runs, slices, comparisons, curves]
    return [*figures, *_of_the_memory(evidence)]


def _shares(evidence: Evidence) -> list[Any]:
    profile = [evidence.profile.get(name) for name in SHARES]
    expected = [view.proposal.expected.get("relative") for view in evidence.trials if view.proposal]
    lessons = [hit.lesson.effect for hit in evidence.hits] + [each.effect for each in evidence.carried]
    seen = telling.study_data(evidence)["smallest_change_one_seed_shows"]
    return [*profile, *expected, *lessons, seen, *(_relative(view) for view in evidence.trials)]


def _relative(view: TrialView) -> list[Any]:
    told = [telling.comparison_data(each) for each in (view.comparison, view.step) if each]
    curve = telling.curve_data(view.curve) if view.curve else {}
    of_curve = [curve.get(name) for name in ("slope_per_epoch", "swing", "fell_since_its_best")]
    return [*([each.get(name) for name in RELATIVE] for each in told), of_curve]


def _of_the_memory(evidence: Evidence) -> list[Any]:
    """Figures of lessons without their words, and of configs without their sources, which people named."""
    lessons = [telling.lesson_data(hit) for hit in evidence.hits]
    given = telling.transferred_data(evidence)
    return [
        [{name: held for name, held in each.items() if name not in ("says", "conditions")} for each in lessons],
        [{name: held for name, held in each.items() if name != "comes_from"} for each in given.get("configs", ())],
        given.get("did_well_elsewhere", {}),
        given.get("steps_by_all_lessons", ()),
    ]
