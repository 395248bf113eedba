"""Which lessons speak to a study: scope first, then likeness of the datasets, words, conditions and what was earned.

Two halves (a sentence model does not tell numbers apart): datasets alike by their profile's features, and lessons
alike in words by one short phrase for each salient facet of the profile, merged by best match.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.data.profile import Profile, values
from core.data.profile_features import features
from core.data.profile_words import facets
from core.errors import InvalidInput
from core.memory.conditions import Clause, check
from core.memory.documents import LESSONS, PROFILES, lesson_id, lesson_text
from core.memory.embedding import CachedEmbedder
from core.memory.hits import Hit
from core.memory.neighbours import Likeness, Neighbour, measured
from core.memory.records import Lesson
from core.memory.trust import Prior, confidence, prior_of
from core.records import Dataset, Study
from core.stamp import are_alike
from core.store import Store
from vectorstore.protocol import Vector, VectorStore, VectorStoreError, WrongEmbedder

__all__ = ["Neighbour", "Retrieval"]
WEIGHTS = {"text": 0.25, "profile": 0.25, "conditions": 0.25, "confidence": 0.25}
PIN = 0.5  # a pinned lesson scores above all that are not, short of a perfect one
MOST = 8
PER_PHRASE = 64  # lessons looked at for each facet
EVERY = 300  # a memory of at most so many rules across datasets is looked at whole, whatever the index holds
WHOLE = 1_000_000  # the same where there is no index to ask
DIVERSITY = 0.3  # weight of likeness to hits already taken (maximum marginal relevance, Carbonell and Goldstein 1998)


class Retrieval:
    """Reads the index and SQL; writes nothing but the vector cache.

    An index that cannot be asked stops neither a plan nor a verdict: SQL answers alone then, and `fault` says why.
    """

    def __init__(self, store: Store, index: VectorStore, embedder: CachedEmbedder) -> None:
        self._store = store
        self._index = index
        self._embedder = embedder
        self._seen_version = -1
        self._fault = ""

    @property
    def fault(self) -> str:
        """Why the index of lessons could not be asked when it last was; empty when it answered."""
        return self._fault

    def neighbours(self, dataset: Dataset, k: int = 5, but_lineage: str | None = None) -> list[Neighbour]:
        """The datasets most like this one, the nearest first; the exact distance leaves out what either lacks."""
        profile = Profile.from_json(dataset.profile)
        others = {other.id: other for other in self._store.datasets.all()}
        try:
            near = self._near(profile, k + 20)
        except VectorStoreError:  # the index only saves measuring all of them
            near = list(others)
        found = [
            measured(profile, other)
            for id in near
            if (other := others.get(id)) is not None
            and other.id != dataset.id
            and not (but_lineage and other.lineage == but_lineage)
        ]
        return sorted(found, key=lambda each: each.distance)[:k]

    def for_study(self, study: Study, dataset: Dataset, k: int = MOST) -> list[Hit]:
        """The lessons to show an agent that plans this study, best first; pinned ones in scope always come."""
        return self.diverse(self.ranked(study, dataset), k)

    def ranked(self, study: Study, dataset: Dataset) -> list[Hit]:
        """Every lesson found for a study, by score: its own, its dataset's, pinned ones, those its facets find."""
        profile = Profile.from_json(dataset.profile)
        few = self._store.lessons.across(study.backbone, EVERY)
        texts = self._text_scores(facets(profile), study.backbone, max(PER_PHRASE, len(few)))
        if self._fault and not few:
            few = self._store.lessons.across(study.backbone, WHOLE)  # nothing else would find one of so many
        lessons = self._store.lessons.some(texts) | {each.id: each for each in few}
        lessons |= {each.id: each for each in self._store.lessons.close_to(study, dataset)}
        judged = _Judge(values(profile), Likeness(self._store, profile), prior_of(self._store))
        hits = [
            judged.hit(lesson, texts.get(lesson.id, (0.0, "")))
            for lesson in lessons.values()
            if _may_serve(lesson, study, dataset)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.lesson.id))

    def asked_for(self, study: Study, dataset: Dataset, text: str, k: int = MOST) -> list[Hit]:
        """Lessons that may serve a study, by an agent's own words: the nearest in meaning first."""
        found = {lesson.id: (score, text) for lesson, score in self.search(text, PER_PHRASE)}
        return self.scored(study, dataset, found)[:k]

    def scored(self, study: Study, dataset: Dataset, texts: Mapping[int, tuple[float, str]]) -> list[Hit]:
        """Those of these lessons that may serve a study, in the order given; each with its match and what found it."""
        profile, lessons = Profile.from_json(dataset.profile), self._store.lessons.some(texts)
        judged = _Judge(values(profile), Likeness(self._store, profile), prior_of(self._store))
        known = [(lessons[id], text) for id, text in texts.items() if id in lessons]
        return [judged.hit(lesson, text) for lesson, text in known if _may_serve(lesson, study, dataset)]

    def diverse(self, hits: Sequence[Hit], k: int) -> list[Hit]:
        """The k best that do not say the same; pinned ones first, and all of them."""
        pinned, rest = [hit for hit in hits if hit.lesson.pinned], [hit for hit in hits if not hit.lesson.pinned]
        if len(hits) <= k:
            return [*pinned, *rest]
        rest = rest[: 4 * k]
        texts = [lesson_text(hit.lesson) for hit in [*pinned, *rest]]
        ids = [hit.lesson.id for hit in [*pinned, *rest]]
        try:
            vectors = self._embedder.embed(texts)
        except VectorStoreError:  # the sentence model's files are gone: the score alone decides
            return [*pinned, *rest[: max(k - len(pinned), 0)]]
        return _spread(pinned, rest, k, dict(zip(ids, vectors, strict=True)))

    def search(self, text: str, k: int = 10, where: Mapping[str, str] | None = None) -> list[tuple[Lesson, float]]:
        """Active lessons by meaning, best first, with their score in [0, 1]."""
        self._reopen_if_moved()
        if not text.strip() or not self._index.count(LESSONS):
            return []
        self.check_embedder()
        [vector] = self._embedder.embed_queries([text])
        matches = self._index.search(LESSONS, vector, k, where or None)
        held = self._store.lessons.some(lesson_id(match.id) for match in matches)
        active = {id: lesson for id, lesson in held.items() if lesson.status == "active"}
        return [(active[lesson_id(m.id)], m.score) for m in matches if lesson_id(m.id) in active]

    def check_embedder(self) -> None:
        """Raises WrongEmbedder when the index was made by another embedder: its scores would mean nothing."""
        held = self._index.describe(LESSONS)
        if held is not None and held["embedder"] != self._embedder.name:
            raise WrongEmbedder(LESSONS, held["embedder"], self._embedder.name)

    def _text_scores(self, phrases: Sequence[str], backbone: str, k: int) -> dict[int, tuple[float, str]]:
        """The best match of each lesson over all phrases, with the phrase; none where the index cannot be asked."""
        try:
            found = self._matched(phrases, backbone, k)
        except VectorStoreError as problem:
            self._fault = str(problem)
            return {}
        self._fault = ""
        return found

    def _near(self, profile: Profile, k: int) -> list[str]:
        """Datasets by their profile's features, the nearest first."""
        self._reopen_if_moved()
        if not self._index.count(PROFILES):
            return []
        return [match.id for match in self._index.search(PROFILES, features(profile).vector, k)]

    def _matched(self, phrases: Sequence[str], backbone: str, k: int) -> dict[int, tuple[float, str]]:
        self._reopen_if_moved()
        best: dict[int, tuple[float, str]] = {}
        if not phrases or not self._index.count(LESSONS):
            return best
        self.check_embedder()
        for phrase, vector in zip(phrases, self._embedder.embed_queries(phrases), strict=True):
            for match in self._index.search(LESSONS, vector, k, {"backbone": (backbone, "")}):
                id = lesson_id(match.id)
                best[id] = max(best.get(id, (0.0, "")), (match.score, phrase))
        return best

    def _reopen_if_moved(self) -> None:
        version = self._store.index.version()
        if version != self._seen_version:
            self._index.reopen()
            self._seen_version = version


def _may_serve(lesson: Lesson, study: Study, dataset: Dataset) -> bool:
    if lesson.id in study.without_lessons or _is_left_out(lesson, study, dataset):
        return False
    return _is_in_scope(lesson, study, dataset)


def _is_in_scope(lesson: Lesson, study: Study, dataset: Dataset) -> bool:
    if lesson.status != "active" or lesson.backbone not in (study.backbone, ""):
        return False
    if lesson.level == "dataset" and lesson.stamp and study.stamp and not are_alike(lesson.stamp, study.stamp):
        return False  # learned from figures that are not compared with this study's; its rule across datasets is heard
    own_study = lesson.level == "study" and lesson.study_id == study.id
    own_dataset = lesson.level == "dataset" and dataset.id == lesson.dataset_id
    other_version = lesson.level == "dataset" and dataset.lineage == lesson.lineage  # to be tested again here
    return own_study or own_dataset or other_version or lesson.level == "cognition"


def _is_left_out(lesson: Lesson, study: Study, dataset: Dataset) -> bool:
    """What others learned on this data, where the study is to know nothing of it; its own lessons it keeps."""
    return study.without_lineage and lesson.lineage == dataset.lineage and lesson.study_id != study.id


@dataclass(frozen=True)
class _Judge:
    """What lessons are held against: a profile, the datasets like it, and where trust begins."""

    known: Mapping[str, float | None]
    likeness: Likeness
    prior: Prior

    def hit(self, lesson: Lesson, text: tuple[float, str]) -> Hit:
        """The lesson with its score; `text` is its best match and the phrase that found it."""
        clauses = _clauses(lesson, self.known)
        parts = {
            "text": text[0],
            "profile": _likeness(lesson, self.likeness),
            "conditions": 0.0 if clauses is None else _share_met(clauses),
            "confidence": confidence(lesson, self.prior),
        }
        score = sum(WEIGHTS[name] * value for name, value in parts.items()) + (PIN if lesson.pinned else 0.0)
        return Hit(lesson, score, **parts, clauses=clauses or (), phrase=text[1])


def _clauses(lesson: Lesson, known: Mapping[str, float | None]) -> tuple[Clause, ...] | None:
    """None where another version wrote what cannot be read here: a fault of an edit never stops planning."""
    try:
        return tuple(check(lesson.conditions, known))
    except InvalidInput:
        return None


def _likeness(lesson: Lesson, likeness: Likeness) -> float:
    """1 for what was learned here, else how like its dataset is; one half when that is not known."""
    if lesson.level == "study":
        return 1.0
    known = likeness.to(lesson.dataset_id)
    return 0.5 if known is None else known


def _spread(pinned: list[Hit], rest: list[Hit], k: int, vectors: Mapping[int, Vector]) -> list[Hit]:
    taken = list(pinned)
    while rest and len(taken) < k:

        def worth(hit: Hit) -> float:
            likeness = max((float(vectors[hit.lesson.id] @ vectors[t.lesson.id]) for t in taken), default=0.0)
            return hit.score - DIVERSITY * likeness

        best = max(rest, key=worth)
        taken.append(best)
        rest = [hit for hit in rest if hit is not best]
    return taken


def _share_met(clauses: Sequence[Clause]) -> float:
    return sum(clause.met is True for clause in clauses) / len(clauses) if clauses else 1.0
