"""Which lessons speak to a study: scope first, then likeness of the datasets, words, conditions and what was earned.

Two halves (a sentence model does not tell numbers apart): datasets alike by their profile's features, and lessons
alike in words by one short phrase for each salient facet of the profile, merged by best match.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.data.profile import Profile, values
from core.data.profile_features import Gap, distance, feature_gaps, features
from core.data.profile_words import facets
from core.memory.conditions import Clause, check
from core.memory.documents import LESSONS, PROFILES, lesson_id, lesson_text
from core.memory.embedding import CachedEmbedder
from core.memory.hits import Hit
from core.records import Dataset, Lesson, Study
from core.store import Store
from vectorstore.protocol import VectorStore, WrongEmbedder

WEIGHTS = {"text": 0.25, "profile": 0.25, "conditions": 0.25, "confidence": 0.25}
PIN = 0.5  # a pinned lesson comes before all that are not, short of a perfect one
MOST = 8
DIVERSITY = 0.3  # weight of likeness to hits already taken (maximum marginal relevance, Carbonell and Goldstein 1998)
PRIOR_WINS = 1.0  # the Beta prior of a lesson nobody tried: one win in two
PRIOR_LOSSES = 1.0


@dataclass(frozen=True)
class Neighbour:
    """A dataset like this one: its distance in scales, and in what they are alike or not."""

    dataset: Dataset
    distance: float
    gaps: tuple[Gap, ...]

    @property
    def likeness(self) -> float:
        """1 for equal profiles, towards 0 with distance."""
        return 1.0 / (1.0 + self.distance)


class Retrieval:
    """Reads the index and SQL; writes nothing but the vector cache."""

    def __init__(self, store: Store, index: VectorStore, embedder: CachedEmbedder) -> None:
        self._store = store
        self._index = index
        self._embedder = embedder
        self._seen_version = -1

    def neighbours(self, dataset: Dataset, k: int = 5, but_lineage: str | None = None) -> list[Neighbour]:
        """The datasets most like this one, the nearest first; the exact distance leaves out what either lacks."""
        self._reopen_if_moved()
        if not self._index.count(PROFILES):
            return []
        profile = Profile.from_json(dataset.profile)
        matches = self._index.search(PROFILES, features(profile).vector, k + 20)
        others = {other.id: other for other in self._store.datasets.all()}
        found = []
        for match in matches:
            other = others.get(match.id)
            if other is None or other.id == dataset.id or (but_lineage and other.lineage == but_lineage):
                continue
            theirs = Profile.from_json(other.profile)
            found.append(Neighbour(other, distance(profile, theirs), tuple(feature_gaps(profile, theirs))))
        return sorted(found, key=lambda each: each.distance)[:k]

    def for_study(self, study: Study, dataset: Dataset, k: int = MOST, but_lineage: str | None = None) -> list[Hit]:
        """The lessons to show an agent that plans this study, best first; pinned ones in scope always come."""
        profile = Profile.from_json(dataset.profile)
        lessons = {lesson.id: lesson for lesson in self._in_scope(study, dataset, but_lineage)}
        texts = self._text_scores(facets(profile), len(lessons))
        hits = [self._hit(lesson, profile, texts.get(lesson.id, (0.0, ""))) for lesson in lessons.values()]
        return self._diverse(sorted(hits, key=lambda hit: (-hit.score, hit.lesson.id)), k)

    def search(self, text: str, k: int = 10, where: Mapping[str, str] | None = None) -> list[tuple[Lesson, float]]:
        """Active lessons by meaning, best first, with their score in [0, 1]."""
        self._reopen_if_moved()
        if not text.strip() or not self._index.count(LESSONS):
            return []
        self.check_embedder()
        [vector] = self._embedder.embed([text])
        active = {lesson.id: lesson for lesson in self._store.lessons.all()}
        matches = self._index.search(LESSONS, vector, k, where or None)
        return [(active[lesson_id(m.id)], m.score) for m in matches if lesson_id(m.id) in active]

    def check_embedder(self) -> None:
        """Raises WrongEmbedder when the index was made by another embedder: its scores would mean nothing."""
        held = self._index.describe(LESSONS)
        if held is not None and held["embedder"] != self._embedder.name:
            raise WrongEmbedder(LESSONS, held["embedder"], self._embedder.name)

    def _in_scope(self, study: Study, dataset: Dataset, but_lineage: str | None) -> Iterable[Lesson]:
        for lesson in self._store.lessons.all():
            if lesson.backbone not in (study.backbone, ""):
                continue
            if but_lineage and lesson.lineage == but_lineage:
                continue
            own_study = lesson.level == "study" and lesson.study_id == study.id
            own_dataset = lesson.level == "dataset" and lesson.dataset_id == dataset.id
            if own_study or own_dataset or lesson.level == "cognition":
                yield lesson

    def _text_scores(self, phrases: Sequence[str], k: int) -> dict[int, tuple[float, str]]:
        """The best match of each lesson over all phrases, with the phrase."""
        self._reopen_if_moved()
        best: dict[int, tuple[float, str]] = {}
        if not phrases or not k or not self._index.count(LESSONS):
            return best
        self.check_embedder()
        for phrase, vector in zip(phrases, self._embedder.embed(phrases), strict=True):
            for match in self._index.search(LESSONS, vector, max(k, 20)):
                id = lesson_id(match.id)
                best[id] = max(best.get(id, (0.0, "")), (match.score, phrase))
        return best

    def _hit(self, lesson: Lesson, profile: Profile, text: tuple[float, str]) -> Hit:
        clauses = tuple(check(lesson.conditions, values(profile)))
        parts = {
            "text": text[0],
            "profile": self._likeness(lesson, profile),
            "conditions": _share_met(clauses),
            "confidence": confidence(lesson),
        }
        score = sum(WEIGHTS[name] * value for name, value in parts.items()) + (PIN if lesson.pinned else 0.0)
        return Hit(lesson, score, **parts, clauses=clauses, phrase=text[1])

    def _likeness(self, lesson: Lesson, profile: Profile) -> float:
        """1 for what was learned here, else how like its dataset is; one half when that is not known."""
        if lesson.level != "cognition":
            return 1.0
        source = next((d for d in self._store.datasets.all(archived=True) if d.id == lesson.dataset_id), None)
        if source is None:
            return 0.5
        return 1.0 / (1.0 + distance(profile, Profile.from_json(source.profile)))

    def _diverse(self, hits: list[Hit], k: int) -> list[Hit]:
        if len(hits) <= k:
            return hits
        vectors = dict(
            zip([h.lesson.id for h in hits], self._embedder.embed([lesson_text(h.lesson) for h in hits]), strict=True)
        )
        taken: list[Hit] = []
        while hits and len(taken) < k:

            def worth(hit: Hit) -> float:
                likeness = max((float(vectors[hit.lesson.id] @ vectors[t.lesson.id]) for t in taken), default=0.0)
                return hit.score - DIVERSITY * likeness

            best = max(hits, key=worth)
            taken.append(best)
            hits = [hit for hit in hits if hit is not best]
        return taken

    def _reopen_if_moved(self) -> None:
        version = self._store.index.version()
        if version != self._seen_version:
            self._index.reopen()
            self._seen_version = version


def confidence(lesson: Lesson) -> float:
    """Mean of the Beta posterior over wins and losses."""
    return (PRIOR_WINS + lesson.wins) / (PRIOR_WINS + PRIOR_LOSSES + lesson.wins + lesson.losses)


def _share_met(clauses: Sequence[Clause]) -> float:
    return sum(clause.met is True for clause in clauses) / len(clauses) if clauses else 1.0
