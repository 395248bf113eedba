"""Events as a person would tell them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.figures import change, metric, signed_percent
from core.loop.judging import SEED_ASKED
from core.loop.screening import PASSED
from core.memory.starting import STARTING
from core.records import Event, Study, Trial
from core.store import Store
from core.verdict import Comparison
from core.views.lessons import shortened
from core.views.standing import standing

LOOK_BACK = 200  # events read to find those worth telling
LONGEST_CLAIM = 120  # characters of a lesson


@dataclass(frozen=True)
class Happening:
    """`sign` is the name of its glyph (pages/components/style.py); `about` names study and trial, `says` what became
    of it, `more` the small print; `at` in seconds since the epoch."""

    sign: str
    about: str
    says: str
    more: str
    at: float
    study_id: int | None
    number: int | None


@dataclass(frozen=True)
class _Scene:
    """An event with the study and trial it is about."""

    store: Store
    event: Event
    study: Study | None
    trial: Trial | None

    @property
    def about(self) -> str:
        name = self.study.name if self.study else ""
        return f"{name} · {self.trial.number}" if self.trial else name

    def tell(self, sign: str, says: str, more: str = "") -> Happening:
        """This event, told."""
        number = self.trial.number if self.trial else None
        return Happening(sign, self.about, says, more, self.event.at, self.event.study_id, number)


def happenings(store: Store, most: int, in_full: bool = False, **equal: int) -> tuple[Happening, ...]:
    """The newest events worth telling, newest first; `in_full` tells each step of a trial and each edit too, `equal`
    filters by study_id, trial_id."""
    tellers = {**_TELLERS, **_MORE} if in_full else _TELLERS
    studies: dict[int, Study] = {study.id: study for study in store.studies.all()}
    told: list[Happening] = []
    for event in store.events.newest(LOOK_BACK, **equal):
        teller = tellers.get(event.kind)
        if teller is None or _came_in_a_pack(event):
            continue
        trial = store.trials.get(event.trial_id) if event.trial_id else None
        told.append(teller(_Scene(store, event, studies.get(event.study_id or 0), trial)))
        if len(told) == most:
            break
    return tuple(told)


def _came_in_a_pack(event: Event) -> bool:
    """Lessons of a pack are told in one line, by the pack's own event."""
    return event.kind == "lesson written" and (event.actor == STARTING or event.actor.startswith("import of "))


def _verdict(scene: _Scene) -> Happening:
    trial = scene.trial
    assert trial is not None
    how = standing(trial)
    if trial.comparison is None or trial.verdict is None:
        says = f"gave the baseline, {metric(trial.value)}" if trial.value is not None else "ended without a value"
        return scene.tell("baseline" if trial.value is not None else "failed", says)
    seen = Comparison.from_json(trial.comparison)
    against = f" against trial {seen.against}" if seen.against else ""
    more = f"{change(seen.difference, seen.low, seen.high)} ({signed_percent(seen.relative)}){against}"
    says = f"was pruned, {trial.verdict} by epoch {seen.epoch}" if how == "pruned" else f"is {trial.verdict}"
    return scene.tell(how, says, more)


def _lesson(scene: _Scene) -> Happening:
    says = "left a lesson" if scene.study else f"{scene.event.actor} wrote a lesson"
    return scene.tell("lesson", says, shortened(str(scene.event.detail.get("claim", "")), LONGEST_CLAIM))


def _pack(scene: _Scene) -> Happening:
    added, name = scene.event.detail.get("added", 0), str(scene.event.detail.get("pack", ""))
    return scene.tell("lesson", f"{added} lessons came with a memory pack", name)


def _passed(scene: _Scene) -> Happening:
    epoch = scene.event.detail.get("epoch")
    return scene.tell("running", f"passed the first look at epoch {epoch}", "its run goes on")


def _says(sign: str, says: str, key: str = "reason") -> Callable[[_Scene], Happening]:
    def tell(scene: _Scene) -> Happening:
        more = str(scene.event.detail.get(key) or "")
        actor = scene.event.actor
        return scene.tell(sign, says.format(actor=actor), more)

    return tell


_TELLERS: Mapping[str, Callable[[_Scene], Happening]] = {
    "trial judged": _verdict,
    "lesson written": _lesson,
    "memory pack imported": _pack,
    "trial edited and approved": _says("approved", "was edited and approved by {actor}"),
    "trial vetoed": _says("vetoed", "was vetoed by {actor}"),
    "trial expired": _says("expired", "expired"),
    "trial cancelled": _says("cancelled", "was cancelled by {actor}"),
    SEED_ASKED: _says("inconclusive", "asks for one more seed", "why"),
    "trial recommended": _says("finished", "is recommended", "why"),
    "proposal stale": _says("expired", "went stale", "why"),
    "run failed": _says("failed", "failed", "error"),
    "run lost": _says("failed", "lost its worker and goes on from its last epoch", "why"),
    "index out of reach": _says("failed", "goes on without the index of lessons", "error"),
    "nothing proposed": _says("waiting", "has nothing further to propose for now"),
    "loop failed": _says("failed", "could not go on", "error"),
    "reveal requested": _says("running", "is having its test opened by {actor}"),
    "reveal done": _says("finished", "had its test opened"),
    "reveal failed": _says("failed", "could not open its test"),
    "study created": _says("active", "was started by {actor}"),
    "study paused": _says("paused", "was paused by {actor}"),
    "study active": _says("active", "was resumed by {actor}"),
    "study stopping": _says("stopping", "is coming to its end"),
    "study finished": _says("finished", "has finished"),
    "study cancelled": _says("cancelled", "was cancelled by {actor}"),
    "study archived": _says("cancelled", "was archived by {actor}"),
    "study restored": _says("active", "was brought back by {actor}"),
}
_MORE: Mapping[str, Callable[[_Scene], Happening]] = {
    "trial proposed": _says("waiting", "was proposed by {actor}"),
    "trial approved": _says("approved", "was approved by {actor}"),
    "trial noted": _says("lesson", "was noted by {actor}", "note"),
    "trial archived": _says("cancelled", "was archived by {actor}"),
    "trial restored": _says("approved", "was brought back by {actor}"),
    PASSED: _passed,
    "incumbent changed": _says("better", "is the current best now"),
    "study edited": _says("paused", "was edited by {actor}"),
}
