"""A study along time: what was proposed, decided, run and judged, trial by trial, and where its settings changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.records import Decision, Run, Study, Trial
from core.states import RunState
from core.store import Store
from core.views.edits import Edit, edits_of
from core.views.happening import Happening, happenings
from core.views.snapshot import snapshot
from core.views.standing import standing

PAGE = 24  # trials drawn at once
HAPPENINGS = 12
DID = {"approve": "approved", "edit": "edited and approved", "veto": "vetoed", "expire": "let expire"}


@dataclass(frozen=True)
class Span:
    """A run from its first start to its end, or until now; seconds since the epoch."""

    seed: int
    state: str
    start: float
    end: float


@dataclass(frozen=True)
class Lane:
    """A trial's life: proposed, decided by somebody, run, judged."""

    number: int
    standing: str
    proposed_at: float
    decided_at: float | None
    open_until: float | None  # now, while nobody has decided
    decision: str  # such as `approved by Ada`
    spans: tuple[Span, ...]
    judged_at: float | None


@dataclass(frozen=True)
class Timeline:
    """One page of lanes, the newest trials first; the edits that fall into the time it shows."""

    lanes: tuple[Lane, ...]
    edits: tuple[Edit, ...]
    every_edit: tuple[Edit, ...]
    happened: tuple[Happening, ...]
    page: int
    pages: int

    @property
    def reach(self) -> tuple[float, float]:
        """First and last moment of what has happened; what still waits goes on beyond it."""
        starts = [lane.proposed_at for lane in self.lanes]
        ends = [end for lane in self.lanes for end in _ends(lane)]
        return min(starts), max([*ends, *starts])


def timeline(store: Store, study: Study, now: float, page: int = 0) -> Timeline:
    """The page, counted from 0 at the newest trials."""
    held = snapshot(store, study)
    pages = max(1, -(-len(held.trials) // PAGE))
    page = min(page, pages - 1)
    shown_trials = list(reversed(held.trials))[page * PAGE : (page + 1) * PAGE]
    lanes = tuple(_lane(store, trial, held.of(trial), now) for trial in shown_trials)
    edits = edits_of(store, study)
    shown = Timeline(lanes, (), edits, happenings(store, HAPPENINGS, in_full=True, study_id=study.id), page, pages)
    if not lanes:
        return shown
    first, last = shown.reach
    inside = tuple(edit for edit in edits if first <= edit.at <= last)
    return Timeline(lanes, inside, edits, shown.happened, page, pages)


def _lane(store: Store, trial: Trial, runs: Sequence[Run], now: float) -> Lane:
    decisions = store.trials.decisions(trial.id)
    first = decisions[0] if decisions else None
    return Lane(
        number=trial.number,
        standing=standing(trial, runs),
        proposed_at=trial.created_at,
        decided_at=first.at if first else None,
        open_until=now if trial.waits else None,
        decision=_decision(first),
        spans=_spans(runs, now),
        judged_at=trial.judged_at,
    )


def _decision(first: Decision | None) -> str:
    if first is None:
        return ""
    reason = f": {first.reason}" if first.reason else ""
    return f"{DID[first.kind]} by {first.actor}{reason}"


def _spans(runs: Sequence[Run], now: float) -> tuple[Span, ...]:
    return tuple(
        Span(run.seed, str(run.state), run.started_at, run.ended_at or now)
        for run in runs
        if run.started_at is not None and run.state is not RunState.QUEUED
    )


def _ends(lane: Lane) -> list[float]:
    return [at for at in (lane.decided_at, lane.judged_at, *(span.end for span in lane.spans)) if at is not None]
