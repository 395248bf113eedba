"""What the New study page shows and what it starts: the plan, the search space, the forecast in words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.agents.llm.prompts import LEAVES_FOR_THE_PROVIDER, NEVER_LEAVES
from core.agents.names import AGENTS, LLM
from core.errors import InvalidInput
from core.figures import duration
from core.space import SearchSpace
from core.states import Autonomy, RunState
from core.store import Store
from core.studies.probe import Outlook, Timing, outlook
from core.studies.starting import StudyPlan
from core.views.limits import caps_for
from recmodels.ranking.metrics import METRICS
from recmodels.registry import BACKBONES

AUTONOMY: Mapping[str, tuple[str, str]] = {
    Autonomy.EACH: ("I decide each", "Every proposal waits for you; it expires only if you set a deadline."),
    Autonomy.GATED: (
        "Ask when it matters",
        "Runs by itself; asks when cost, structure, novelty, a lesson or a field you name calls for it.",
    ),
    Autonomy.WINDOW: ("Veto in time", "Every proposal waits, and runs at its deadline unless you veto it."),
    Autonomy.AUTOPILOT: ("Autopilot", "Nothing waits; you may pause, cancel and read along at any time."),
}
DEFAULT = StudyPlan("")
OBJECTIVES = tuple(METRICS)
WINDOW_MINUTES = 15.0
SHORTEST_MINUTES = 0.5
AUTOMATIC_EVENTS = 1_000_000  # larger data is measured only when asked: an epoch may take long
LATE_SECONDS = 1_800.0  # a first verdict later than this comes with a hint
SHORTER = (3, 5, 10, 20, 30, 50)  # most epochs to suggest


@dataclass(frozen=True)
class Answers:
    """The form as filled in."""

    dataset: str
    backbone: str
    space: SearchSpace
    name: str = ""
    objective: str = DEFAULT.objective
    trials: int = DEFAULT.trials
    epochs: int = DEFAULT.epochs
    autonomy: str = DEFAULT.autonomy
    deadline_minutes: float | None = None
    agent: str = DEFAULT.agent
    min_gain: float | None = DEFAULT.min_gain
    guards: Mapping[str, float | None] = field(default_factory=dict)
    seed: int = DEFAULT.seed
    instructions: str = ""
    production: str = ""
    use_memory: bool = True
    extra_seeds: bool = True
    use_reflection: bool = True
    use_pruning: bool = True
    ask_for: Sequence[str] = ()
    parallel: int = DEFAULT.parallel
    rejected: Sequence[int] = ()  # lessons
    memory_off_percent: float | None = DEFAULT.memory_off_share * 100
    without_lineage: bool = DEFAULT.without_lineage
    caps: Mapping[str, float] = field(default_factory=dict)
    gates_off: Sequence[str] = ()


def backbones() -> dict[str, str]:
    """Name -> title with its source."""
    return {name: f"{backbone.title} ({backbone.source})" for name, backbone in BACKBONES.items()}


def agents(model: str | None = None) -> dict[str, str]:
    """Name -> what it is; the language model only where one is set."""
    return {name: text for name, text in AGENTS.items() if name != LLM or model}


def leaves_for_provider() -> str:
    """What a language model's provider is told, and what it never is."""
    told, kept = "; ".join(LEAVES_FOR_THE_PROVIDER), ", ".join(NEVER_LEAVES)
    return f"The provider is told {told}. Never: {kept}."


def production_of(text: str, space: SearchSpace) -> dict[str, Any] | None:
    """A config as JSON or as `field=value` lines; None when blank. Raises InvalidInput, InvalidParams."""
    text = text.strip()
    if not text:
        return None
    if not text.startswith("{"):
        given = space.parse(line for line in text.replace(",", "\n").splitlines() if line.strip())
    else:
        try:
            given = json.loads(text)
        except ValueError as problem:
            raise InvalidInput(f"the production config is no JSON ({problem}); or write lines of field=value") from (
                problem
            )
    space.complete(given)
    return dict(given)


def plan_of(answers: Answers) -> StudyPlan:
    """What `start_study` takes. Raises InvalidInput, InvalidParams naming the value."""
    if answers.min_gain is None:
        raise InvalidInput("the smallest gain worth keeping is empty; give 0 to keep any gain")
    waits = answers.autonomy in (Autonomy.EACH, Autonomy.WINDOW)
    minutes = answers.deadline_minutes if waits else None
    return StudyPlan(
        dataset=answers.dataset,
        backbone=answers.backbone,
        name=answers.name.strip() or None,
        objective=answers.objective,
        trials=answers.trials,
        epochs=answers.epochs,
        autonomy=answers.autonomy,
        agent=answers.agent,
        min_gain=answers.min_gain,
        guards={name: limit for name, limit in answers.guards.items() if limit is not None},
        deadline_seconds=None if minutes is None else minutes * 60,
        seed=answers.seed,
        space=answers.space,
        instructions=answers.instructions.strip(),
        use_memory=answers.use_memory,
        extra_seeds=answers.extra_seeds,
        use_reflection=answers.use_reflection,
        use_pruning=answers.use_pruning,
        ask_for=answers.ask_for if answers.autonomy == Autonomy.GATED else (),
        parallel=answers.parallel,
        without_lessons=answers.rejected,
        memory_off_share=(answers.memory_off_percent or 0.0) / 100,
        without_lineage=answers.without_lineage,
        caps={name: limit for name, limit in answers.caps.items() if name in caps_for(answers.agent)},
        gates_off=answers.gates_off if answers.autonomy == Autonomy.GATED else (),
        production=production_of(answers.production, answers.space),
    )


def is_training(store: Store) -> bool:
    """Whether a run is under way, from which a measurement would take the machine."""
    return any(run.state is RunState.RUNNING for run in store.runs.unfinished())


@dataclass(frozen=True)
class OutlookView:
    """The forecast in words: for each of baseline, first verdict, whole budget (label, likely, at most)."""

    rows: tuple[tuple[str, str, str], ...]
    basis: str
    hint: str = ""


def outlook_view(timing: Timing, answers: Answers, runs_at_once: int) -> OutlookView:
    """When things are to be expected, from what this was computed, and what would bring a late verdict sooner."""

    def within(epochs: int) -> Outlook:
        has_production = bool(answers.production.strip())
        return outlook(timing, answers.backbone, answers.trials, epochs, runs_at_once, has_production)

    expected, trials = within(answers.epochs), answers.trials
    about = ">" if expected.is_at_least else "≈"
    likely, most = expected.likely, expected.most

    def row(label: str, usual: float, longest: float) -> tuple[str, str, str]:
        return (label, f"{about} {duration(usual)}", "" if expected.is_at_least else f"at most {duration(longest)}")

    rows = (
        row("Baseline, three seeds", likely.baseline, most.baseline),
        row("First verdict", likely.verdict, most.verdict),
        row(f"All {trials} trials", likely.study, most.study),
    )
    epoch = f"{timing.epoch_seconds:.1f} s" if timing.epoch_seconds < 10 else duration(timing.epoch_seconds)
    memory = f", {timing.peak_mib:,.0f} MB" if timing.peak_mib else ""
    busy = "; the machine was busy then" if timing.was_busy else ""
    if timing.is_at_least:
        return OutlookView(rows, f"the first epoch had not ended after {duration(timing.epoch_seconds)}")
    hint = ""
    if likely.verdict > LATE_SECONDS:
        sooner = max((n for n in SHORTER if within(n).likely.verdict <= LATE_SECONDS / 2), default=SHORTER[0])
        if sooner < answers.epochs:
            hint = f"With {sooner} epochs at most the first verdict comes in about "
            hint += duration(within(sooner).likely.verdict)
    return OutlookView(rows, f"an epoch takes {epoch} on {timing.device or 'this machine'}{memory}{busy}", hint)
