"""Evidence as plain data for a prompt: figures from the record, rounded by code; no item's title, no path is in it."""

import re
from typing import Any

from core.agents.curves import CurveSummary
from core.agents.protocol import Evidence, TrialView
from core.agents.tried import axes_tried
from core.loop.kin import has_priors
from core.memory.hits import Hit
from core.memory.warm_start import Transferred
from core.records import Params
from core.space import Param
from core.states import TrialState
from core.verdict import Comparison

MOST_TEXT = 400  # characters of one text by a person, a lesson or a model
DIGITS = 4
NEWEST = 10  # trials named for an axis
MOST_CONFIGS = 4  # of other datasets
MOST_STEPS = 12  # that lessons of other datasets speak of, told at most
PATH = "[path]"
_QUOTED = "|".join(rf"(?<={quote})(?:~?/|[A-Za-z]:[\\/])[^{quote}\n]+(?={quote})" for quote in "'\"")
_NAME = r"[^\s/\\<>'\":;,|()]+"
_REST = rf"(?:{_NAME}(?: {_NAME})*[/\\])*(?:{_NAME})?"  # folders may hold spaces
_ROOT = r"(?<![\w<#/.\\])(?:~?/(?=[\w.~$])|[A-Za-z]:[\\/]|\\\\(?=\w))"
_PATHS = re.compile(rf"{_QUOTED}|(?<!\w)file:/+{_REST}|{_ROOT}{_REST}")


def rounded(value: Any) -> Any:
    """A figure with four significant digits; all else as it is."""
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def short(text: str, most: int = MOST_TEXT) -> str:
    """One line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def without_paths(text: str) -> str:
    """`text` without any absolute path, POSIX or Windows; rather a word too much is cut than one too few."""
    return _PATHS.sub(PATH, text)


def study_data(evidence: Evidence) -> dict[str, Any]:
    """What is tuned, on what, and how much budget is left."""
    study, noise = evidence.study, evidence.noise
    best, seen = evidence.incumbent, _newest_whole(evidence)
    return {
        "backbone": study.backbone,
        "objective": f"validation {study.objective}, higher is better",
        "smallest_gain_worth_keeping": study.min_gain,
        "trials_left": evidence.remaining,
        "most_epochs": study.max_epochs,
        "deviation_between_two_seeds": rounded(noise.deviation * 2**0.5) if noise.degrees else None,
        "smallest_change_one_seed_shows": _share(seen, seen.smallest_detectable) if seen else None,
        "minutes_a_trial": rounded(evidence.baseline.minutes) if evidence.baseline else None,
        "current_best": best.trial.number if best else None,
        "lineage_of_the_best": lineage(evidence),
        "hopeless_runs_are_pruned": study.use_pruning,
        "dataset": short(evidence.dataset_name, 100),
        "items": evidence.num_items,
        "in_words": list(evidence.facets),
    }


def lineage(evidence: Evidence) -> list[int]:
    """Numbers of the trials that the current best came of, each planned from the one before it."""
    by_id = {view.trial.id: view for view in evidence.trials}
    view, numbers = evidence.incumbent, []
    while view is not None and view.trial.number not in numbers:
        numbers.append(view.trial.number)
        view = by_id.get(view.proposal.base_trial_id or 0) if view.proposal else None
    return numbers[::-1]


def _newest_whole(evidence: Evidence) -> Comparison | None:
    """The newest comparison of whole runs."""
    seen = [view.comparison for view in evidence.trials if view.comparison and view.comparison.epoch is None]
    return seen[-1] if seen else None


def _share(comparison: Comparison, value: float | None) -> float | None:
    return float(rounded(value / comparison.reference)) if value is not None and comparison.reference else None


def profile_data(evidence: Evidence) -> dict[str, Any]:
    """The training part's profile in figures."""
    return {name: rounded(value) for name, value in evidence.profile.items() if value is not None}


def space_data(evidence: Evidence, base: Params) -> list[dict[str, Any]]:
    """The fields that may be changed beside this config, with their ranges."""
    return [_field(param, base[name]) for name, param in evidence.space.active_axes(base).items()]


def _field(param: Param, now: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"field": param.name, "now": rounded(now), "meaning": short(param.help, 120)}
    if param.low is not None and param.high is not None:
        scale = {"scale": "log"} if param.log else {}
        return {**told, "kind": param.kind, "low": param.low, "high": param.high, **scale}
    return {**told, "options": list(param.options) or [False, True]}


def axes_data(evidence: Evidence) -> dict[str, Any]:
    """Which fields were changed in trials that were let run, how often and in which of the newest; and what is under
    way."""
    tried, live = axes_tried(evidence), evidence.axes_under_way
    return {
        axis: {
            "times": len(numbers),
            "newest_trials": list(numbers[-NEWEST:]),
            **({"under_way": True} if axis in live else {}),
        }
        for axis, numbers in {**dict.fromkeys(sorted(live), ()), **tried}.items()
    }


def trial_data(view: TrialView, evidence: Evidence) -> dict[str, Any]:
    """One trial in a few fields."""
    told: dict[str, Any] = {"trial": view.trial.number, "kind": view.trial.kind}
    if view.trial.state is not TrialState.APPROVED:
        told["state"] = str(view.trial.state)
    if view.proposal:
        told["changes"] = {axis: [rounded(each) for each in pair] for axis, pair in view.proposal.changes.items()}
        told["planned_from"] = _number_of(view.proposal.base_trial_id, evidence)
    elif differs := _differs(view, evidence.baseline):
        told["differs_from_baseline"] = differs
    if "edit" in view.decisions:
        told["edited_by_a_person"] = _edits(view)
    if view.reasons:
        told["person_says"] = [short(reason) for reason in view.reasons]
    if view.trial.value is not None:
        told["value"] = rounded(view.trial.value)
        told["seeds"] = sum(run.value is not None and run.purpose != "fresh" for run in view.runs)
    elif errors := sorted({run.error for run in view.runs if run.error}):
        told["pruned" if view.is_pruned else "failed"] = short(without_paths("; ".join(errors)), 200)
    if view.comparison:
        told["verdict"] = comparison_data(view.comparison)
    if view.step and view.comparison and view.step.against != view.comparison.against:
        told["its_own_step"] = comparison_data(view.step)
    if view.curve:
        told["curve"] = curve_data(view.curve) | _of_what(view)
    if view.reflection and (view.reflection.rule or view.reflection.next_action):
        told["concluded"] = [short(text, 200) for text in (view.reflection.rule, view.reflection.next_action) if text]
    return told


def vetoed_data(view: TrialView) -> dict[str, Any]:
    """What of a vetoed trial is worth telling however old it is: the step, and why a person refused it."""
    changes = view.proposal.changes if view.proposal else {}
    steps = {axis: [rounded(each) for each in pair] for axis, pair in changes.items()}
    return {"trial": view.trial.number, "changes": steps, "person_says": [short(each, 200) for each in view.reasons]}


def _number_of(id: int | None, evidence: Evidence) -> int | None:
    return next((view.trial.number for view in evidence.trials if view.trial.id == id), None)


def _differs(view: TrialView, baseline: TrialView | None) -> dict[str, Any]:
    """The fields in which a config that nobody proposed differs from the baseline: the baseline's value, its own."""
    return _differing(baseline.trial.params, view.trial.params) if baseline else {}


def _edits(view: TrialView) -> Any:
    """The fields that run otherwise than proposed: what was proposed, and what a person made of it."""
    return _differing(view.proposal.params, view.trial.params) if view.proposal else True


def _differing(ours: Params, theirs: Params) -> dict[str, Any]:
    return {
        name: [rounded(ours.get(name)), rounded(value)] for name, value in theirs.items() if ours.get(name) != value
    }


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """A difference with its interval."""
    scale = comparison.reference or None
    ends = {"low": comparison.low, "high": comparison.high, "smallest_detectable": comparison.smallest_detectable}
    shares = {name: rounded(end / scale) for name, end in ends.items() if end is not None and scale}
    told = {"says": str(comparison.verdict), "against_trial": comparison.against}
    if comparison.epoch is not None:
        told["both_by_epoch"] = comparison.epoch
    guards = {"broken_guards": list(comparison.broken_guards)} if comparison.broken_guards else {}
    return {**told, "relative": rounded(comparison.relative), **shares, **guards}


def curve_data(curve: CurveSummary) -> dict[str, Any]:
    """A curve in a few figures and one word; of one that over-fits, from which epoch on and how far it fell."""
    told = {
        "says": curve.diagnosis,
        "best_epoch": curve.best_epoch,
        "epochs": curve.epochs,
        "last": rounded(curve.last),
        "slope_per_epoch": rounded(curve.slope),
        "swing": rounded(curve.swing),
    }
    if curve.diagnosis == "over-fit" and curve.best:
        onset = {"over_fits_from_epoch": curve.best_epoch + 1}
        return told | onset | {"fell_since_its_best": rounded(curve.last / curve.best - 1)}
    return told


def _of_what(view: TrialView) -> dict[str, str]:
    """Priors act after training, so that no epoch shows them."""
    return {"of": "model alone, before its priors"} if has_priors(view.trial.params) else {}


def slices_data(view: TrialView) -> dict[str, Any]:
    """The objective on slices of users and items, of the first complete run."""
    for run in view.runs:
        if run.value is not None and run.metrics.get("slices"):
            return {name: _rounded_deep(held) for name, held in run.metrics["slices"].items()}
    return {}


def _rounded_deep(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded_deep(held) for name, held in value.items()}
    return rounded(value)


def lesson_data(hit: Hit) -> dict[str, Any]:
    """A lesson that was found, with how far it fits and what it earned."""
    lesson = hit.lesson
    told: dict[str, Any] = {
        "lesson": lesson.id,
        "says": short(lesson.claim),
        "kind": lesson.kind,
        "level": lesson.level,
    }
    told |= {"axis": lesson.axis, "direction": lesson.direction, "effect": rounded(lesson.effect)}
    told |= {"conditions": short(lesson.conditions, 200), "conditions_met": rounded(hit.conditions)}
    return told | {"confidence": rounded(hit.confidence), "wins": lesson.wins, "losses": lesson.losses}


def transferred_data(evidence: Evidence) -> dict[str, Any]:
    """Whole configs that the memory suggests, spans in which fields did well elsewhere, and what all lessons found say
    together of each step; empty without any."""
    configs = [_config_data(each) for each in evidence.transferred[:MOST_CONFIGS]]
    spans = {
        axis: {"low": rounded(span.low), "high": rounded(span.high), "lessons": list(span.lessons)}
        for axis, span in evidence.soft_ranges.items()
    }
    steps = [
        {"axis": each.axis, "direction": each.direction, "mean_effect": rounded(each.effect), "lessons": len(each.hits)}
        for each in evidence.carried[:MOST_STEPS]
    ]
    told = {"configs": configs, "did_well_elsewhere": spans, "steps_by_all_lessons": steps}
    return {name: held for name, held in told.items() if held}


def _config_data(each: Transferred) -> dict[str, Any]:
    return {
        "comes_from": short(each.source, 200),
        "likeness": rounded(each.likeness),
        "changes": {name: [rounded(value) for value in pair] for name, pair in each.changes.items()},
        "lessons": dict(each.lessons),
    }
