"""The Transfer page: which datasets are like a study's, which lessons were carried into it, what became of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.data.profile import Profile
from core.data.profile_features import SCALES, Gap, distance, feature_gaps
from core.figures import duration
from core.memory.documents import PROFILES
from core.memory.neighbours import Neighbour
from core.memory.records import Lesson, Retrieval
from core.memory.trust import Prior, confidence, prior_of
from core.records import Dataset, Study, Trial
from core.states import Verdict
from core.store import Store
from core.views.facets import BROUGHT, IMPORT, PERSON, SHIPPED, author_kind
from core.views.lesson_titles import data_names, titles
from core.views.lessons import enumerated, number
from core.views.likeness_map import Spot, likeness_map
from core.views.rules import Matrix, matrix
from core.views.snapshot import snapshot
from core.workspace import Workspace
from vectorstore.protocol import VectorStoreError

NEAREST = 12
WORDED = 3  # features of each sort that a sentence names
DAY = 86_400.0
TELLING = ("mean_length", "density", "items", "users", "repeat_rate", "popularity_gini", "transition_predictability")
FATES = {Verdict.BETTER: "helped", Verdict.NOT_BETTER: "hurt", Verdict.INCONCLUSIVE: "inconclusive"}
SHORT_LABELS = {
    "p95_length": "95th pct. of length",
    "head_share": "head share",
    "tail_share": "tail share",
    "gap_seconds": "gap between events",
    "transition_predictability": "sequentiality",
    "span_days": "days covered",
}


@dataclass(frozen=True)
class Feature:
    """One feature of two datasets; `offset` is how many scales the other has more, `kind` alike, between or unlike."""

    name: str
    label: str
    here: str
    there: str
    offset: float
    kind: str


@dataclass(frozen=True)
class Near:
    """A dataset beside the study's own: `likeness` in [0, 1], features in one fixed order, both sides in words."""

    dataset: Dataset
    likeness: float
    features: tuple[Feature, ...]
    alike: str
    unlike: str


@dataclass(frozen=True)
class Tested:
    """A trial that tried what a carried lesson says; `fate` is helped, hurt, inconclusive or waiting."""

    number: int
    fate: str
    decisive: bool


@dataclass(frozen=True)
class Carried:
    """A lesson from elsewhere that was found for this study; `origin` says where it comes from."""

    lesson: Lesson
    title: str
    origin: str
    shown: int
    cited: int
    decisive: int
    trust_before: float
    trust_now: float
    tested: tuple[Tested, ...]

    @property
    def fate(self) -> str:
        """helped, hurt, inconclusive, waiting or untested: by the first clear trial it chose, else that cites it."""
        by_weight = sorted(self.tested, key=lambda each: not each.decisive)
        conclusive = next((each.fate for each in by_weight if each.fate in ("helped", "hurt")), None)
        return conclusive or (self.tested[-1].fate if self.tested else "untested")

    @property
    def held(self) -> bool | None:
        """Whether it held here: a warning holds where its step hurts; None before a trial has tested it."""
        if self.fate not in ("helped", "hurt", "inconclusive"):
            return None
        return self.fate == ("hurt" if self.lesson.kind == "avoid" else "helped")

    @property
    def moved(self) -> bool:
        """Whether its trust is another than when it first came here."""
        return abs(self.trust_now - self.trust_before) >= 0.005


@dataclass(frozen=True)
class Transfer:
    """Everything the page shows; `notice` tells when the index could not be asked."""

    study: Study
    dataset: Dataset
    nearest: tuple[Near, ...]
    carried: tuple[Carried, ...]
    across: int
    first_better: int | None
    control: Study | None
    control_first_better: int | None
    matrix: Matrix
    spots: tuple[Spot, ...]
    notice: str = ""


def transfer(workspace: Workspace, study: Study, backbone: str = "") -> Transfer:
    """All of it for one study; `backbone` is that of the rules shown, the study's own unless said otherwise."""
    store = workspace.store
    dataset = store.datasets.get(study.dataset_id)
    nearest, notice = _nearest(workspace, dataset)
    trials = snapshot(store, study).trials
    control = _control(store, study)
    return Transfer(
        study=study,
        dataset=dataset,
        nearest=tuple(near_of(each) for each in nearest),
        carried=_carried(store, study, dataset),
        across=len(store.lessons.all(level="cognition")),
        first_better=_first_better(trials),
        control=control,
        control_first_better=_first_better(snapshot(store, control).trials) if control else None,
        matrix=matrix(store, backbone or study.backbone),
        spots=likeness_map(store, dataset),
        notice=notice,
    )


def study_or_newest(store: Store, reference: str | None) -> Study | None:
    """The study of a link, else the newest in sight; None when there is none. Raises NotFound for a link to no
    study."""
    if reference:
        return store.studies.get(reference)
    return next(reversed(store.studies.in_sight()), None)


def _nearest(workspace: Workspace, dataset: Dataset) -> tuple[list[Neighbour], str]:
    """As the agent would find them, in the index; without an index computed from the profiles, and said so."""
    try:
        if workspace.index.count(PROFILES):
            return workspace.retrieval.neighbours(dataset, NEAREST), ""
        reason = "holds no profile yet"
    except VectorStoreError as problem:
        reason = f"cannot be read ({problem})"
    found = _compared(dataset, workspace.store.datasets.all())[:NEAREST]
    return found, f"The index {reason}: compared one by one instead. `python -m core memory rebuild` mends it."


def _compared(dataset: Dataset, others: Iterable[Dataset]) -> list[Neighbour]:
    ours = Profile.from_json(dataset.profile)
    found = []
    for other in others:
        if other.id != dataset.id:
            theirs = Profile.from_json(other.profile)
            found.append(Neighbour(other, distance(ours, theirs), tuple(feature_gaps(ours, theirs))))
    return sorted(found, key=lambda each: each.distance)


def near_of(neighbour: Neighbour) -> Near:
    """A neighbour as its card shows it."""
    order = {scale.name: place for place, scale in enumerate(SCALES)}
    features = [_feature(gap) for gap in sorted(neighbour.gaps, key=lambda gap: order[gap.name])]
    unlike = [each for each in sorted(features, key=lambda each: -abs(each.offset)) if each.kind == "unlike"]
    alike = [each for each in features if each.kind == "alike" and each.name in TELLING]
    alike.sort(key=lambda each: TELLING.index(each.name))
    return Near(
        neighbour.dataset, neighbour.likeness, tuple(features), _in_words(alike[:WORDED]), _in_words(unlike[:WORDED])
    )


def _feature(gap: Gap) -> Feature:
    kind = "alike" if gap.is_alike else "unlike" if gap.is_unlike else "between"
    write = _span if gap.name == "gap_seconds" else number
    sign = 1.0 if gap.b >= gap.a else -1.0
    return Feature(gap.name, SHORT_LABELS.get(gap.name, gap.label), write(gap.a), write(gap.b), sign * gap.gap, kind)


def _span(seconds: float) -> str:
    return f"{seconds / DAY:.0f} days" if seconds >= 2 * DAY else duration(seconds)


def _in_words(features: Sequence[Feature]) -> str:
    """`density (0.0007, here 0.0012) and users (…)`."""
    return enumerated([f"{each.label} ({each.there}, here {each.here})" for each in features]) if features else ""


def _carried(store: Store, study: Study, dataset: Dataset) -> tuple[Carried, ...]:
    """Lessons across datasets that were learned elsewhere (or written by hand) and found for this study's proposals."""
    uses: dict[int, list[tuple[Trial, Retrieval]]] = {}
    trials = snapshot(store, study).ids
    for trial_id, retrieval in store.listings.shown_lessons(study.id):
        if trial_id in trials:
            uses.setdefault(retrieval.lesson_id, []).append((trials[trial_id], retrieval))
    steps, lessons = store.listings.steps(trials), store.lessons.some(uses)
    carried = [each for each in lessons.values() if each.level == "cognition" and each.dataset_id != dataset.id]
    named = titles(store, carried)
    names = data_names(store)
    found, prior = [], prior_of(store)
    for lesson in carried:
        found.append(_carry(lesson, named[lesson.id], origin_words(lesson, names), uses[lesson.id], steps, prior))
    return tuple(sorted(found, key=lambda each: (not each.tested, -each.decisive, -each.cited, -each.trust_now)))


def origin_words(lesson: Lesson, names: Mapping[str, str]) -> str:
    """`learned on beauty`, `written by Ada`, or how it came here: `starting memory, learned on short (benchmark)`."""
    learned = f"learned on {names[lesson.dataset_id]}" if lesson.dataset_id and lesson.dataset_id in names else ""
    kind = author_kind(lesson)
    if kind == PERSON:
        return f"written by {lesson.author}"
    brought = {SHIPPED: SHIPPED, IMPORT: _pack_words(lesson.author)}.get(kind, "")
    return ", ".join(part for part in (brought, learned) if part) or "learned from trials"


def _pack_words(author: str) -> str:
    """`import of shop.zip by Ada` is `memory pack shop.zip`."""
    return f"memory pack {author.removeprefix(BROUGHT).rpartition(' by ')[0]}"


def _carry(
    lesson: Lesson,
    named: str,
    origin: str,
    used: Sequence[tuple[Trial, Retrieval]],
    steps: Mapping[int, tuple[str, str]],
    prior: Prior,
) -> Carried:
    trust = confidence(lesson, prior)
    return Carried(
        lesson=lesson,
        title=named,
        origin=origin,
        shown=sum(retrieval.shown for _, retrieval in used),
        cited=sum(retrieval.cited for _, retrieval in used),
        decisive=sum(retrieval.decisive for _, retrieval in used),
        trust_before=float(used[0][1].parts.get("confidence", trust)),
        trust_now=trust,
        tested=tuple(
            each
            for trial, retrieval in used
            if (each := _test(lesson, trial, retrieval, steps.get(trial.id))) is not None
        ),
    )


def _test(lesson: Lesson, trial: Trial, retrieval: Retrieval, step: tuple[str, str] | None) -> Tested | None:
    """Whether a trial that cites the lesson tried its step, and how that went."""
    if not (retrieval.cited or retrieval.decisive) or step != (lesson.axis, lesson.direction):
        return None
    if trial.verdict is not None:
        return Tested(trial.number, FATES[trial.verdict], retrieval.decisive)
    is_open = trial.waits or (trial.judged_at is None and trial.state == "approved")
    return Tested(trial.number, "waiting", retrieval.decisive) if is_open else None


def _first_better(trials: Sequence[Trial]) -> int | None:
    """How many trials after the baseline the first better one came."""
    later = [trial for trial in trials if trial.kind != "baseline" and trial.is_judged]
    return next((place for place, trial in enumerate(later, 1) if trial.verdict is Verdict.BETTER), None)


def _control(store: Store, study: Study) -> Study | None:
    """The newest study of the same dataset, backbone and protocol that was planned with memory off."""
    same = (study.dataset_id, study.backbone, study.stamp, study.objective)
    others: Mapping[int, Study] = {
        each.id: each
        for each in store.studies.all()
        if not each.use_memory and (each.dataset_id, each.backbone, each.stamp, each.objective) == same
    }
    return others[max(others)] if others and study.use_memory else None
