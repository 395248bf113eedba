"""What needs a person besides the proposals that wait, the most pressing first, each with the one place to act."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.agents.names import LLM
from core.figures import size
from core.records import Event, Run, Study
from core.settings import ModelLimits
from core.states import RunState, StudyState, TrialState
from core.store import Store
from core.store.calls import Spent
from core.studies.caps import within
from core.views.reveal import may_open_test
from core.views.snapshot import snapshot
from core.views.working import WorkerLine
from core.worker.machine import Machine

FRESH = 14 * 86_400.0  # after so long a sealed test that stays sealed was meant to
WENT_ON = ("trial proposed", "trial judged", "incumbent changed", "study active", "study edited")
LOOKED_AT = 100  # newest events of a study


@dataclass(frozen=True)
class Need:
    """One line: a sign as in the chips, what is the matter, and where it is seen to; no page: start the worker.
    `can_wait`: nothing stands still meanwhile."""

    sign: str
    about: str
    says: str
    more: str
    act: str
    page: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    can_wait: bool = False


def worker_need(line: WorkerLine) -> Need | None:
    """Runs that wait for a worker that is not there."""
    if line.is_alive or not line.queued:
        return None
    waits = "1 run waits" if line.queued == 1 else f"{line.queued} runs wait"
    return Need("queued", "", f"{waits} and no worker runs", "nothing trains until one does", "Start the worker")


def disk_need(machine: Machine | None) -> Need | None:
    """A disk on which a run may soon find no room."""
    if machine is None or not machine.is_low_on_disk:
        return None
    more = f"{size(machine.disk_free)} free; runs that find no room fail"
    return Need("pruned", "", "the disk is almost full", more, "Free space", "settings")


def needs(store: Store, limits: ModelLimits, now: float) -> tuple[Need, ...]:
    """Of every study and of the memory; `now` in seconds since the epoch."""
    studies = list(reversed(store.studies.in_sight()))
    open_ = [study for study in studies if not study.has_ended]
    found = [need for study in open_ for need in (*_failed_runs(store, study), *_failed_loop(store, study))]
    found += [need for study in open_ for need in _spent(study, store.calls.spent(study.id), limits)]
    found += _to_settle(len(store.links.open()))
    return (*found, *(need for study in studies for need in _sealed(store, study, now)))


def _failed_runs(store: Store, study: Study) -> Iterator[Need]:
    held = snapshot(store, study)
    for trial in held.trials:
        failed = [run for run in held.of(trial) if run.state is RunState.FAILED]
        if failed and trial.state is TrialState.APPROVED and trial.archived_at is None:
            query = {"study": str(study.id), "trial": str(trial.number)}
            yield Need("failed", f"{study.name} · trial {trial.number}", *_in_words(failed), "Retry", "study", query)


def _in_words(failed: Sequence[Run]) -> tuple[str, str]:
    return "a run failed" if len(failed) == 1 else f"{len(failed)} runs failed", failed[-1].error or "no cause given"


def _failed_loop(store: Store, study: Study) -> Iterator[Need]:
    fault = _standing_fault(store.events.newest(LOOKED_AT, study_id=study.id))
    if fault is not None:
        query = {"study": str(study.id)}
        yield Need(
            "failed", study.name, "could not go on", str(fault.detail.get("error") or ""), "Look", "study", query
        )


def _standing_fault(newest: Sequence[Event]) -> Event | None:
    """The last fault of a study's loop, unless the loop got on with something since."""
    last = next((event for event in newest if event.kind == "loop failed" or event.kind in WENT_ON), None)
    return last if last is not None and last.kind == "loop failed" else None


def _spent(study: Study, spent: Spent, program: ModelLimits) -> Iterator[Need]:
    if study.agent != LLM:
        return
    limits = within(program, study.caps)
    over = [f"{spent.calls:,} of {limits.calls:,} calls"] if spent.calls >= limits.calls else []
    over += [f"{spent.tokens:,} of {limits.tokens:,} tokens"] if spent.tokens >= limits.tokens else []
    if limits.money is not None and spent.money >= limits.money:
        over.append(f"{spent.money:.2f} of {limits.money:g} dollars")
    if over:
        says, more = "its language model is over budget", f"{', '.join(over)}; the built-in expert plans instead"
        is_own = spent.calls < limits.calls and limits != program
        page, query = ("study", {"study": str(study.id)}) if is_own else ("settings", {})
        yield Need("pruned", study.name, says, more, "See the caps", page, query)


def _to_settle(count: int) -> list[Need]:
    if not count:
        return []
    says = "1 pair of lessons is to settle" if count == 1 else f"{count} pairs of lessons are to settle"
    return [Need("lesson", "", says, "they contradict each other or say the same", "Settle", "memory", can_wait=True)]


def _sealed(store: Store, study: Study, now: float) -> Iterator[Need]:
    if study.state is not StudyState.FINISHED or (study.ended_at or 0.0) < now - FRESH:
        return
    if may_open_test(study, store.reveals.of_study(study.id)):
        says, more = "has finished", "its sealed test may be opened: once, on the record"
        yield Need("finished", study.name, says, more, "See its end", "study", {"study": str(study.id)}, can_wait=True)
