"""One lesson, whole: where it applies, what speaks for it, where it was used, how it came to be what it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.figures import signed_percent
from core.memory.records import Lesson, LessonRevision, Retrieval
from core.memory.trust import prior_of
from core.records import Dataset, Study, Trial
from core.store import Store
from core.views.lesson_conditions import Conditions, conditions_table
from core.views.lesson_evidence import Elsewhere, Witness, elsewhere, witness
from core.views.lessons import (
    FIELD_WORDS,
    LEVEL_WORDS,
    Segment,
    Trust,
    backbone_words,
    enumerated,
    field_words,
    helped_and_hurt,
    rule_words,
    span_words,
    title,
    trust,
    word_diff,
)
from core.views.memory import fits
from core.views.pairs import Related, related, same_rule
from core.views.standing import by_trial, standing

MOST_USES = 4
MOST_LOOKED_AT = 40  # a lesson may have been shown for every proposal of years
PARTS = (("text", "text"), ("profile", "profile"), ("conditions", "conditions"), ("confidence", "trust"))


@dataclass(frozen=True)
class Use:
    """A proposal the lesson was found for, with the parts of its score in words."""

    study: Study
    number: int
    waits: bool
    standing: str
    is_stale: bool
    cited: bool
    decisive: bool
    revision: int
    parts: tuple[str, ...]

    @property
    def role(self) -> str:
        """What it did there."""
        return "chose this step" if self.decisive else "cited" if self.cited else "shown"


@dataclass(frozen=True)
class Change:
    """One field from a revision to the next; a claim's `diff` is word by word."""

    field: str
    before: str
    after: str
    diff: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Revision:
    """A version of the lesson; `changes` are against the one before it."""

    record: LessonRevision
    changes: tuple[Change, ...]
    is_current: bool


@dataclass(frozen=True)
class LessonPage:
    """Everything the detail of a lesson shows; `looked_from`: the dataset one looks from, and whether it fits."""

    lesson: Lesson
    title: str
    level: str
    rule: str
    figures: str
    trust: Trust
    helped: int
    hurt: int
    provenance: str
    fitting: tuple[str, ...]
    looked_from: tuple[str, bool] | None
    conditions: Conditions | None
    evidence: tuple[Witness, ...]
    elsewhere: tuple[Elsewhere, ...]
    related: tuple[Related, ...]
    mergeable_with: tuple[Lesson, ...]
    uses: tuple[Use, ...]
    other_uses: int
    revisions: tuple[Revision, ...]

    @property
    def waiting(self) -> tuple[Use, ...]:
        """Proposals that wait for a decision and cite it: an edit makes them stale."""
        return tuple(use for use in self.uses if use.waits and use.cited)


def lesson_page(store: Store, lesson: Lesson, first: Dataset | None = None) -> LessonPage:
    """The whole of a lesson; `first` is the dataset whose column comes first."""
    evidence = store.lessons.evidence(lesson.id)
    revisions = store.lessons.revisions(lesson.id)
    datasets = _at_hand(store.datasets.all(), lesson, first)
    helped, hurt = helped_and_hurt(evidence)
    retrievals = [each for each in store.proposals.retrievals_of_lesson(lesson.id) if each.shown]
    uses = _uses(store, retrievals)
    shown = [use for use in uses if use.waits and use.cited]  # never cut off: an edit makes these stale
    shown += [use for use in uses if use not in shown][: max(MOST_USES - len(shown), 0)]
    return LessonPage(
        lesson=lesson,
        title=title(lesson),
        level=LEVEL_WORDS[lesson.level],
        rule=_rule(lesson),
        figures=_figures(lesson),
        trust=trust(lesson, prior_of(store)),
        helped=helped,
        hurt=hurt,
        provenance=_provenance(store, lesson, revisions),
        fitting=tuple(dataset.name for dataset in datasets if fits(lesson, dataset)),
        looked_from=(first.name, fits(lesson, first)) if first else None,
        conditions=conditions_table(lesson.conditions, datasets),
        evidence=tuple(witness(store, each) for each in evidence),
        elsewhere=tuple(elsewhere(each) for each in store.foreign.evidence(lesson.id)),
        related=related(store, lesson),
        mergeable_with=tuple(same_rule(store, lesson)) if lesson.status != "archived" else (),
        uses=tuple(shown),
        other_uses=len(retrievals) - len(shown),
        revisions=tuple(reversed(revisions_of(revisions, lesson))),
    )


def _at_hand(datasets: Sequence[Dataset], lesson: Lesson, first: Dataset | None) -> list[Dataset]:
    """The dataset one looks from, the lesson's own, then the newest."""
    favoured = [first.id if first else None, lesson.dataset_id]
    place = {id: place for place, id in reversed(list(enumerate(favoured)))}
    return sorted(datasets, key=lambda each: (place.get(each.id, len(favoured)), -each.created_at))


def _rule(lesson: Lesson) -> str:
    backbone = backbone_words(lesson.backbone)
    if not lesson.axis:
        return f"none that a trial could test · {backbone}"
    kind = {"do": "do", "avoid": "avoid", "fact": "note"}[lesson.kind]
    return f"{kind}: {rule_words(lesson.axis, lesson.direction)} · {backbone}"


def _figures(lesson: Lesson) -> str:
    """`did well from 0.3 to 0.4 · expects +3.1 %`; empty where neither is known."""
    span = span_words(lesson.low, lesson.high)
    told = [f"did well {span}"] if span else []
    return " · ".join(told + ([f"expects {signed_percent(lesson.effect)}"] if lesson.effect is not None else []))


def _provenance(store: Store, lesson: Lesson, revisions: Sequence[LessonRevision]) -> str:
    """By whom, from what and, below cognition, under which protocol: `learned from study a · sample`."""
    first = revisions[0] if revisions else None
    names = {dataset.id: dataset.name for dataset in store.datasets.all(archived=True)}
    where = [names[lesson.dataset_id]] if lesson.dataset_id in names else []
    study = [store.studies.get(lesson.study_id).name] if lesson.study_id else []
    by_hand = first is None or first.reason == "written by hand"
    how = f"written by {lesson.author}" if by_hand or first is None else f"learned from {first.reason}"
    protocol = [f"protocol {lesson.stamp}"] if lesson.stamp and lesson.level != "cognition" else []
    return " · ".join([how, *study, *where, *protocol])


def _uses(store: Store, retrievals: Sequence[Retrieval]) -> list[Use]:
    """Waiting proposals that cite it, then those it chose, that cite it, that were shown it; the newest first."""
    newest = sorted(retrievals, key=lambda each: (not each.decisive, not each.cited, -each.proposal_id))[
        :MOST_LOOKED_AT
    ]
    proposals = store.listings.proposals_named(each.proposal_id for each in newest)
    trials = {trial.id: trial for trial in store.listings.trials(each.trial_id for each in proposals.values())}
    runs = by_trial(store.listings.runs_of(trials))
    studies = {id: store.studies.get(id) for id in {trial.study_id for trial in trials.values()}}

    def use(retrieval: Retrieval) -> Use:
        proposal = proposals[retrieval.proposal_id]
        trial = trials[proposal.trial_id]
        return Use(
            study=studies[trial.study_id],
            number=trial.number,
            waits=trial.waits,
            standing=standing(trial, runs.get(trial.id, [])),
            is_stale=proposal.stale is not None,
            cited=retrieval.cited,
            decisive=retrieval.decisive,
            revision=retrieval.revision,
            parts=_parts(retrieval),
        )

    return sorted(map(use, newest), key=lambda each: not (each.waits and each.cited))


def _parts(retrieval: Retrieval) -> tuple[str, ...]:
    """The score in parts: `text 0.71`, `conditions 2 of 2`, `pinned`."""
    clauses = retrieval.parts.get("clauses") or []
    words = []
    for key, word in PARTS:
        if key == "conditions":
            met = sum(clause.get("met") is True for clause in clauses)
            words += [f"conditions {met} of {len(clauses)}"] if clauses else []
        elif key in retrieval.parts:
            words.append(f"{word} {retrieval.parts[key]:.2f}")
    return (*words, "pinned") if retrieval.parts.get("pin") else tuple(words)


def revisions_of(records: Sequence[LessonRevision], lesson: Lesson) -> list[Revision]:
    """Every version with what it changed, oldest first."""
    seen = []
    for place, record in enumerate(records):
        before = records[place - 1].body if place else None
        changes = () if before is None else _changes(before, record.body)
        seen.append(Revision(record, changes, record.revision == lesson.revision))
    return seen


def _changes(before: Any, after: Any) -> tuple[Change, ...]:
    changed = [name for name in after if name in before and before[name] != after[name]]  # fields came later, too
    return tuple(
        _change(name, field_words(name, before[name]), field_words(name, after[name])) for name in _told(changed)
    )


def _told(names: Sequence[str]) -> list[str]:
    """In the order of the form."""
    return sorted(names, key=lambda name: list(FIELD_WORDS).index(name) if name in FIELD_WORDS else len(FIELD_WORDS))


def _change(name: str, before: str, after: str) -> Change:
    return Change(FIELD_WORDS.get(name, name), before, after, word_diff(before, after) if name == "claim" else ())


def restored_words(store: Store, before: Lesson, after: Lesson) -> str:
    """What an old revision brought back, and what no revision holds: a restored text does not undo what trials said."""
    changed = [name for name in FIELD_WORDS if getattr(before, name) != getattr(after, name)]
    values = {name: field_words(name, getattr(after, name)) or "none" for name in changed}
    told = ["its text" if name == "claim" else f"{FIELD_WORDS[name]} {values[name]}" for name in changed]
    brought = f"{enumerated(told)} came back" if told else "nothing in it differs"
    is_witnessed = store.lessons.is_witnessed(after.id)
    kept = "its trials, strength and trust stay as they are" if is_witnessed else "its trust stays as it is"
    return f"{brought}; {kept}"


def stale_words(trials: Sequence[Trial]) -> str:
    """What an act on a lesson did to waiting proposals."""
    if not trials:
        return ""
    return (
        "1 waiting proposal cites it and is stale now"
        if len(trials) == 1
        else (f"{len(trials)} waiting proposals cite it and are stale now")
    )
