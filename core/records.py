"""The nouns of the program as plain, frozen data; the store reads and writes them, nothing else changes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.states import RUN_ENDED, STUDY_ENDED, Autonomy, RunState, StudyState, TrialState, Verdict

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Dataset:
    """Interactions prepared once; `card` and `profile` are the JSON of core.data's records of those names."""

    id: str
    name: str
    lineage: str
    folder: str
    card: Mapping[str, Any]
    profile: Mapping[str, Any]
    created_at: float
    archived_at: float | None = None


@dataclass(frozen=True)
class Study:
    """dataset x backbone x objective x search space x budget x agent x autonomy."""

    id: int
    name: str
    dataset_id: str
    backbone: str
    objective: str
    state: StudyState
    agent: str
    autonomy: Autonomy
    space: Mapping[str, Any]
    space_version: int
    max_trials: int
    max_epochs: int
    min_gain: float
    guards: Mapping[str, float]
    deadline_seconds: float | None
    seed: int
    masking: str
    stamp: str
    instructions: str
    use_memory: bool
    extra_seeds: bool
    incumbent_id: int | None
    recommended_id: int | None
    version: int
    created_by: str
    created_at: float
    ended_at: float | None = None
    use_reflection: bool = True  # off: the study writes nothing into the memory, its agent hears verdicts alone
    use_pruning: bool = True
    ask_for: tuple[str, ...] = ()  # fields whose change a gated study always asks for
    parallel: int = 1  # proposals at a time
    memory_off_share: float = 0.0  # share of proposals planned without being shown a lesson, as a control
    without_lineage: bool = False  # whether lessons learned on this lineage are left out
    without_lessons: tuple[int, ...] = ()  # lessons a person rejected before it began: never found for it
    caps: Mapping[str, float] = field(default_factory=dict)  # what it may take at most (core/studies/caps.py)
    gates_off: tuple[str, ...] = ()  # gates of `gated` that never ask (core/loop/gates.py)
    archived_at: float | None = None  # out of lists and selectors; its record and what it taught stay

    @property
    def best_id(self) -> int | None:
        """The trial to use: the recommended one once there is one, else the current best."""
        return self.recommended_id or self.incumbent_id

    @property
    def estimate_id(self) -> int | None:
        """The recommended trial, where no verdict made it the current best: its value is an estimate."""
        return self.recommended_id if self.recommended_id != self.incumbent_id else None

    @property
    def has_ended(self) -> bool:
        """Whether nothing of the study will change by itself any more."""
        return self.state in STUDY_ENDED

    @property
    def switched_off(self) -> tuple[str, ...]:
        """Powers it goes without, as a control: `memory off`, `reflection off`, `pruning off`."""
        powers = {"memory": self.use_memory, "reflection": self.use_reflection, "pruning": self.use_pruning}
        return tuple(f"{name} off" for name, is_on in powers.items() if not is_on)


@dataclass(frozen=True)
class Trial:
    """One config under one protocol; `kind` is baseline, production, planned or person."""

    id: int
    study_id: int
    number: int
    kind: str
    state: TrialState
    params: Params
    seeds: tuple[int, ...]
    space_version: int
    stamp: str
    config_hash: str
    approval_hash: str
    value: float | None
    verdict: Verdict | None
    comparison: Mapping[str, Any] | None  # with the current best of that moment
    step_comparison: Mapping[str, Any] | None  # with the trial it was planned from
    judged_at: float | None
    looks: int
    created_at: float
    deadline_at: float | None = None
    note: str = ""  # a person's, of no effect on anything
    tags: tuple[str, ...] = ()
    archived_at: float | None = None  # out of lists and plots; its record and what it taught stay

    @property
    def is_judged(self) -> bool:
        """Whether its runs had their say; one that was cancelled ended without."""
        return self.state is TrialState.APPROVED and self.judged_at is not None

    @property
    def waits(self) -> bool:
        """Whether somebody has to decide."""
        return self.state is TrialState.PROPOSED

    @property
    def pruned_at(self) -> int | None:
        """The epoch up to which a pruned trial was compared; None for any other."""
        return None if self.value is not None or self.comparison is None else self.comparison.get("epoch")


@dataclass(frozen=True)
class Proposal:
    """What the agent wanted to run, frozen; the trial may run an edited config instead."""

    id: int
    trial_id: int
    author: str
    params: Params
    changes: Mapping[str, tuple[Any, Any]]  # field -> (incumbent's value, proposed value)
    axis: str
    direction: str
    claim: str
    mechanism: str
    expected: Mapping[str, float | None]  # relative and absolute change of the objective, each with its sd
    risk: str
    novelty: str
    falsifier: str
    cost: Mapping[str, float | None]
    base_trial_id: int | None
    created_at: float
    stale: str | None = None


@dataclass(frozen=True)
class Decision:
    """Who decided what on exactly which config (`approval_hash`) and when."""

    id: int
    trial_id: int
    kind: str
    actor: str
    via: str
    reason: str
    approval_hash: str
    params: Params
    at: float


@dataclass(frozen=True)
class Run:
    """One seed of an approved trial."""

    id: int
    trial_id: int
    study_id: int
    seed: int
    purpose: str  # trial, extra, fresh
    state: RunState
    attempt: int
    losses: int
    worker: str | None
    lease_until: float | None
    epoch: int
    best_epoch: int | None
    value: float | None
    metrics: Mapping[str, Any]
    error: str | None  # why it failed, or why it was pruned
    seconds: float
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    spared: bool = False  # a person wants it run to its end, whatever pruning says

    @property
    def has_ended(self) -> bool:
        """Whether the run needs no worker any more."""
        return self.state in RUN_ENDED


@dataclass(frozen=True)
class IntermediateValue:
    """Metrics of one epoch of one run."""

    run_id: int
    epoch: int
    attempt: int
    train_loss: float | None
    metrics: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class Reflection:
    """What was observed against what was predicted, and what follows."""

    id: int
    trial_id: int
    author: str
    observed: str
    predicted: str
    why: str
    claim_held: str  # yes, no, unknown
    rule: str
    next_action: str
    facts: Mapping[str, Any]
    created_at: float


@dataclass(frozen=True)
class Reveal:
    """One opening of the sealed test: who asked, when, and what came out. States: requested, done, failed."""

    id: int
    study_id: int
    lineage: str
    look: int
    state: str
    actor: str
    options: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: str | None
    requested_at: float
    done_at: float | None


@dataclass(frozen=True)
class AgentCall:
    """One call of a language model, as it went: what was sent, what came back, what it cost."""

    id: int
    study_id: int
    trial_id: int | None  # None: no trial came of it
    purpose: str  # propose, reflect, distil
    model: str
    prompt_version: str
    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[str, ...]
    reply: str
    tool_calls: tuple[Mapping[str, Any], ...]
    tokens_in: int
    tokens_out: int
    estimated: bool  # whether the tokens are our estimate, since the provider told none or no reply is known
    money: float | None  # None: the price is unknown
    seconds: float
    outcome: str  # sent, ok, invalid, refused, timeout, ... (core/agents/llm/model.py)
    error: str
    at: float


@dataclass(frozen=True)
class Event:
    """One move, in an append-only log."""

    id: int
    at: float
    kind: str
    actor: str
    study_id: int | None
    trial_id: int | None
    run_id: int | None
    lesson_id: int | None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkerStatus:
    """A worker as it last reported."""

    name: str
    pid: int
    host: str
    beat_at: float
    doing: str
