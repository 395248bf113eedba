"""States of a study, a trial and a run, and the table of legal moves between them."""

from enum import StrEnum


class StudyState(StrEnum):
    """`stopping` lets running runs finish and gives the final candidates their fresh seeds."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class TrialState(StrEnum):
    """Whether a trial was let run; how far it ran is told by its runs."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    VETOED = "vetoed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class RunState(StrEnum):
    """One seed of an approved trial."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    """What a comparison with the incumbent says (core/verdict.py); never a person's or a model's opinion."""

    BETTER = "better"
    NOT_BETTER = "not better"
    INCONCLUSIVE = "inconclusive"


class Autonomy(StrEnum):
    """Who decides a proposal."""

    EACH = "each"
    GATED = "gated"
    WINDOW = "window"
    AUTOPILOT = "autopilot"


RUN_ENDED = frozenset({RunState.COMPLETE, RunState.PRUNED, RunState.FAILED, RunState.CANCELLED})
STUDY_ENDED = frozenset({StudyState.FINISHED, StudyState.CANCELLED})

STUDY_MOVES = frozenset(
    {
        (StudyState.ACTIVE, StudyState.PAUSED),
        (StudyState.ACTIVE, StudyState.STOPPING),
        (StudyState.ACTIVE, StudyState.CANCELLED),
        (StudyState.PAUSED, StudyState.ACTIVE),
        (StudyState.PAUSED, StudyState.STOPPING),
        (StudyState.PAUSED, StudyState.CANCELLED),
        (StudyState.STOPPING, StudyState.FINISHED),
        (StudyState.STOPPING, StudyState.CANCELLED),
    }
)
TRIAL_MOVES = frozenset(
    {
        (TrialState.PROPOSED, TrialState.APPROVED),
        (TrialState.PROPOSED, TrialState.VETOED),
        (TrialState.PROPOSED, TrialState.EXPIRED),
        (TrialState.PROPOSED, TrialState.CANCELLED),
        (TrialState.APPROVED, TrialState.CANCELLED),
    }
)
RUN_MOVES = frozenset(
    {
        (RunState.QUEUED, RunState.RUNNING),
        (RunState.QUEUED, RunState.CANCELLED),
        (RunState.RUNNING, RunState.COMPLETE),
        (RunState.RUNNING, RunState.PRUNED),
        (RunState.RUNNING, RunState.FAILED),
        (RunState.RUNNING, RunState.CANCELLED),
        (RunState.RUNNING, RunState.QUEUED),  # paused, or the worker was lost
        (RunState.FAILED, RunState.QUEUED),  # retry
        (RunState.PRUNED, RunState.QUEUED),  # a person wants it run to its end
    }
)
