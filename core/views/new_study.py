"""What the New study page shows and what it starts: the plan, the search space, the forecast in words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.agents.llm.prompts import LEAVES_FOR_THE_PROVIDER, NEVER_LEAVES
from core.agents.names import AGENTS, LLM
from core.errors import InvalidInput
from core.figures import duration
from core.guards import GUARDS
from core.probe import Outlook, Timing, outlook
from core.space import InvalidParams, Param, SearchSpace
from core.starting import StudyPlan
from core.states import Autonomy, RunState
from core.store import Store
from recmodels.metrics import METRICS
from recmodels.prior_config import PriorConfig
from recmodels.registry import BACKBONES, get_backbone
from recmodels.space import params_of

RANGE, FIXED, OFF = "range", "fixed", "off"
MODES: Mapping[str, str] = {
    RANGE: "the agent may change it within the range",
    FIXED: "held at your value in every trial, the baseline too",
    OFF: "not searched: it keeps its default",
}
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
AUTOMATIC_EVENTS = 1_000_000  # larger data is measured only when asked: an epoch may take long
LATE_SECONDS = 1_800.0  # a first verdict later than this comes with a hint
SHORTER = (3, 5, 10, 20, 30, 50)  # most epochs to suggest


@dataclass(frozen=True)
class Choice:
    """What a person does with one field; for `range` either low and high or options, for `fixed` a value."""

    mode: str = RANGE
    low: float | None = None
    high: float | None = None
    options: tuple[Any, ...] = ()
    value: Any = None


@dataclass(frozen=True)
class Field:
    """A field of the config with everything its control needs."""

    param: Param
    group: str  # model, training, priors
    help: str

    @property
    def name(self) -> str:
        """As in the config."""
        return self.param.name


@dataclass(frozen=True)
class Built:
    """The space as far as it could be built; `faults` by field, "" for what concerns several together."""

    space: SearchSpace
    faults: Mapping[str, str]

    @property
    def headline(self) -> str:
        """`21 of 21 fields searched`, with what is fixed by name."""
        held = ", ".join(f"{name}={value}" for name, value in self.space.fixed.items())
        searched = f"{len(self.space.searched)} of {len(self.space.declared)} fields searched"
        return f"{searched}; held: {held}" if held else searched


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


def fields_of(backbone: str) -> tuple[Field, ...]:
    """The declared fields: the model's, those of training, those of priors. Raises UnknownBackbone."""
    known = SearchSpace.of(backbone).declared
    of_model, of_priors = params_of(get_backbone(backbone).config), params_of(PriorConfig)
    groups = {name: "model" if name in of_model else "priors" if name in of_priors else "training" for name in known}
    return tuple(Field(param, groups[name], _help(param)) for name, param in known.items())


def build_space(backbone: str, choices: Mapping[str, Choice]) -> Built:
    """The search space of the choices; fields that are not named are searched in their whole range."""
    space, faults = SearchSpace.of(backbone), {}
    for name, choice in choices.items():
        try:
            space = _with(space, name, choice)
        except (InvalidParams, InvalidInput) as problem:
            faults[name] = str(problem)
    if not space.searched:
        faults[""] = "no field is searched, so there is nothing to tune; give at least one a range"
    try:
        space.baseline()
    except InvalidParams as problem:
        faults[""] = f"the baseline would be impossible: {problem}"
    return Built(space, faults)


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
        production=production_of(answers.production, answers.space),
    )


def is_training(store: Store) -> bool:
    """Whether a run is under way, from which a measurement would take the machine."""
    return any(run.state is RunState.RUNNING for run in store.runs.unfinished())


def guard_labels() -> dict[str, str]:
    """Guard -> its meaning."""
    return {name: meaning[0].upper() + meaning[1:] for name, meaning in GUARDS.items()}


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


def _with(space: SearchSpace, name: str, choice: Choice) -> SearchSpace:
    param = space.declared[name]
    if choice.mode == OFF:
        return space.fix(name, param.default)
    if choice.mode == FIXED:
        if choice.value is None:
            raise InvalidInput(f"{name} is to be fixed, but at no value; give one, or choose range")
        return space.fix(name, choice.value)
    if param.kind in ("choice", "flag"):
        if not choice.options:
            raise InvalidInput(f"{name} has no value left to try; choose two or more, or set it to off")
        return space if choice.options == param.options else space.narrow(name, options=choice.options)
    if choice.low is None or choice.high is None:
        raise InvalidInput(f"{name} lacks a bound; give both, or set it to off")
    if (choice.low, choice.high) == (param.low, param.high):
        return space
    return space.narrow(name, choice.low, choice.high)


def _help(param: Param) -> str:
    said = [param.help, f"default {param.default}"]
    if param.log:
        said.append("searched on a log scale")
    if param.when:
        said.append(f"acts only while {param.when[0]} is {' or '.join(map(str, param.when[1]))}")
    return "; ".join(said)
