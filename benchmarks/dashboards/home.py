"""A home with one large study and a full memory, written through the real store's functions; the same one every time.

Ranks are drawn, not trained: users have difficulties of their own, a config moves everybody a little, and so verdicts
are computed as they are for a trained study. Everything is written in one transaction.
"""

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.artifacts import RANKS, Artifacts
from core.errors import Conflict
from core.intake import Intake
from core.records import Dataset, Params, Run, Study, Trial
from core.settings import Settings
from core.space import InvalidParams, Param, SearchSpace
from core.states import RunState, StudyState, Verdict
from core.store import Found, Store
from core.studies.starting import StudyPlan, start_study
from core.verdict import Comparison, SeedNoise, compare
from recmodels.ranking.metrics import summary, user_scores

ACTOR, WORKER = "Ada", "benchmark-1"
OBJECTIVE, LARGE, CONTROL = "ndcg@10", "large", "control"
REGIMES = (("sample", "films", 2_000), ("sample", "songs", 600), ("sample", "shops", 600))
WAITING = 12
EPOCH_SECONDS = 4.0
HISTORY_SECONDS = 6 * 86_400.0  # how long the study took
NOW = 1_790_000_000.0


@dataclass(frozen=True)
class Size:
    """How large the study and the memory are."""

    trials: int = 1_000
    epochs: int = 100
    lessons: int = 1_000


@dataclass
class ToldClock:
    """Time that passes when it is told to."""

    at: float = NOW

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return self.at


@contextlib.contextmanager
def one_transaction(store: Store) -> Iterator[None]:
    """What is written inside is committed once: a hundred thousand epochs would else be as many transactions."""
    database = store.database
    with database.write() as connection:
        shared = lambda: contextlib.nullcontext(connection)  # noqa: E731 - one expression, used twice
        with contextlib.ExitStack() as undo:
            for name in ("read", "write"):
                setattr(database, name, shared)
                undo.callback(delattr, database, name)
            yield


def make(settings: Settings, size: Size) -> int:
    """Write everything into an empty home; returns the large study's id."""
    clock = ToldClock(NOW - HISTORY_SECONDS)
    store = Store(settings.database_url, clock)
    intake = Intake(store, settings)
    datasets = [
        intake.take_regime(regime, name, 11 + place, ACTOR, users)
        for place, (regime, name, users) in enumerate(REGIMES)
    ]
    with one_transaction(store):
        lessons = _lessons(store, size.lessons, datasets)
        artifacts = Artifacts(settings.artifacts)
        small = Size(min(30, size.trials), min(30, size.epochs), size.lessons)
        control = StudyPlan(datasets[0].id, name=CONTROL, trials=small.trials, epochs=small.epochs, agent="random")
        Making(store, clock, artifacts, small, control, lessons).write()
        plan = StudyPlan(datasets[0].id, name=LARGE, trials=size.trials + WAITING, epochs=size.epochs)
        study = Making(store, clock, artifacts, size, plan, lessons).write()
    store.close()
    return study.id


def _lessons(store: Store, count: int, datasets: list[Dataset]) -> list[int]:
    """Of every level and axis; half of those across datasets have conditions that these profiles meet."""
    space = SearchSpace.of("sasrec")
    numbers = [name for name, param in space.searched.items() if param.low is not None]
    written = []
    for place in range(count):
        axis, direction = numbers[place % len(numbers)], ("up", "down")[place % 2]
        level = ("dataset", "cognition", "cognition")[place % 3]
        row: dict[str, Any] = {"level": level, "kind": "do", "axis": axis, "direction": direction, "backbone": "sasrec"}
        row["claim"] = f"{axis.replace('_', ' ').capitalize()} {direction} helps where histories are short ({place})."
        if level == "dataset":
            dataset = datasets[place % len(datasets)]
            row |= {"dataset_id": dataset.id, "lineage": dataset.lineage}
        else:
            row["conditions"] = f"mean_length < {20 + place % 40}" if place % 4 else f"mean_length > {60 + place % 40}"
        lesson = store.lessons.add(row, "expert", "seen in an earlier study")
        written.append(lesson.id)
    return written


@dataclass
class Making:
    """One study, written trial by trial as the loop and a worker would."""

    store: Store
    clock: ToldClock
    artifacts: Artifacts
    size: Size
    plan: StudyPlan
    lessons: list[int]
    values: dict[int, list[float]] = field(default_factory=dict)  # of the seeds of each trial

    def write(self) -> Study:
        """The study, paused, with its trials judged and a few proposals that wait."""
        self.random = random.Random(self.plan.name)
        study = start_study(self.store, self.plan, ACTOR)
        users = int(self.store.datasets.get(study.dataset_id).card["counts"]["validation_targets"])
        self.difficulty = np.random.default_rng(5).normal(4.0, 2.0, users)
        self.step = HISTORY_SECONDS / 2 / max(self.size.trials, 1)
        [baseline] = self.store.trials.of_study(study.id)
        self.scores, self.best = self._run(study, baseline, 0.0), baseline
        self.store.trials.judge(baseline, self._value(baseline), None, None, WORKER)
        self.store.studies.set_incumbent(study.id, baseline.id, None, WORKER)
        self._reflect(baseline, None)
        for number in range(2, self.size.trials + 1):
            self._judged(self.store.studies.get(study.id), number)
        for _ in range(WAITING):
            self._proposed(study)
        return self.store.studies.move(study.id, StudyState.PAUSED, ACTOR)

    def _judged(self, study: Study, number: int) -> None:
        trial = self._proposed(study)
        decided = "veto" if number % 25 == 0 else "approve"
        trial = self.store.trials.decide(trial, decided, ACTOR, "dashboard", "too slow" if decided == "veto" else "")
        if decided == "veto":
            return
        quality = self.random.gauss(0.3 * min(1.0, 2 * number / self.size.trials), 0.2)
        scores = self._run(study, trial, quality)
        seen = replace(compare(scores, self.scores, self._noise(), 0.0), against=self.best.number)
        self.store.trials.judge(
            trial, self._value(trial), str(seen.verdict), seen.to_json(), WORKER, step_comparison=seen.to_json()
        )
        if seen.verdict is Verdict.BETTER:
            self.store.studies.set_incumbent(study.id, trial.id, self.best.id, WORKER)
            self.scores, self.best = scores, trial
        self._reflect(trial, seen)

    def _proposed(self, study: Study) -> Trial:
        """The next proposal that waits; what was drawn before is drawn again."""
        self.clock.at += self.step
        while True:
            params = self._params(study)
            with contextlib.suppress(Conflict):
                return self.store.proposals.propose(study, params, (1,), self._proposal(study, params), self._found())

    def _proposal(self, study: Study, params: Params) -> dict[str, Any]:
        before = self.best.params
        changes = {name: [before.get(name), value] for name, value in params.items() if before.get(name) != value}
        axis = next(iter(changes), "lr")
        return {
            "author": study.agent,
            "changes": changes,
            "axis": axis,
            "direction": "up" if self.random.random() < 0.5 else "down",
            "claim": f"{axis} at {params[axis]} fits histories of this length.",
            "mechanism": "Short histories leave little to attend to, so less capacity generalises better.",
            "expected": {"relative": 0.01, "relative_sd": 0.02, "absolute": 0.0006, "absolute_sd": 0.0012},
            "risk": "low",
            "novelty": "new",
            "falsifier": "No gain above the noise floor.",
            "cost": {"minutes": self.size.epochs * EPOCH_SECONDS / 60, "seeds": 1},
            "base_trial_id": self.best.id,
        }

    def _found(self) -> list[Found]:
        """Three lessons, the first of which chose the step."""
        parts = {"text": 0.6, "profile": 0.8, "conditions": 1.0, "confidence": 0.5}
        hits = self.random.sample(self.lessons, min(3, len(self.lessons)))
        return [Found(id, 1, 0.7, parts, cited=not place, decisive=not place) for place, id in enumerate(hits)]

    def _params(self, study: Study) -> dict[str, Any]:
        """The best one's config with its learning rate and two further fields drawn anew."""
        space = SearchSpace.from_json(study.space)
        start = {name: value for name, value in self.best.params.items() if name in space.searched}
        while True:
            names = ["lr", *self.random.sample(sorted(space.searched), 2)]
            drawn = {name: self._draw(space.searched[name]) for name in names}
            with contextlib.suppress(InvalidParams):  # values that do not go together
                return space.complete({**start, **drawn})

    def _draw(self, param: Param) -> Any:
        if param.low is None or param.high is None:
            return self.random.choice(param.options)
        if param.log:
            value = param.low * (param.high / param.low) ** self.random.random()
        else:
            value = self.random.uniform(param.low, param.high)
        return param.check(round(value) if param.kind == "int" else float(f"{value:.4g}"))

    def _run(self, study: Study, trial: Trial, quality: float) -> list[np.ndarray]:
        """Claim, train and end every run of a trial; the users' scores of each."""
        scores = []
        while (run := self.store.runs.claim(WORKER)) is not None:
            ranks = self._ranks(trial, run, quality)
            metrics = summary(ranks)
            for epoch in range(1, self.size.epochs + 1):
                told = {OBJECTIVE: metrics[OBJECTIVE] * (1 - 0.5 ** (epoch * 12 / self.size.epochs))}
                self.store.runs.record(run, epoch, 5.0 / epoch**0.3, told, EPOCH_SECONDS)
            folder = self.artifacts.run(trial, run.seed)
            folder.mkdir(parents=True)
            np.save(folder / RANKS, ranks)
            kept = {**metrics, "coverage@10": 0.4, "peak_mib": 240.0, "parameters": 100_000}
            self.store.runs.end(
                run,
                RunState.COMPLETE,
                WORKER,
                value=metrics[OBJECTIVE],
                best_epoch=self.size.epochs,
                metrics=kept,
                seconds=self.size.epochs * EPOCH_SECONDS,
            )
            scores.append(user_scores(ranks, OBJECTIVE))
            self.values.setdefault(trial.id, []).append(metrics[OBJECTIVE])
        return scores

    def _ranks(self, trial: Trial, run: Run, quality: float) -> np.ndarray:
        own = np.random.default_rng([trial.number, run.seed])
        users = len(self.difficulty)
        moved = self.difficulty - quality - own.normal(0.0, 0.02) + own.normal(0.0, 0.3, users)
        return np.stack([np.clip(np.exp(moved), 0, 10_000), np.zeros(users)]).astype(np.uint32)

    def _value(self, trial: Trial) -> float:
        return float(np.mean(self.values[trial.id]))

    def _noise(self) -> SeedNoise:
        baseline = next(iter(self.values.values()))
        return SeedNoise(float(np.var(baseline, ddof=1)), len(baseline) - 1)

    def _reflect(self, trial: Trial, seen: Comparison | None) -> None:
        """The reflection on a trial, and what its verdict pays; of the baseline without one."""
        told = {
            "author": "expert",
            "observed": f"{seen.difference:+.4f} against trial {seen.against}." if seen else "The baseline's value.",
            "predicted": "+0.0006 ± 0.0012",
            "why": "The curve flattened early and the gain sits with short histories.",
            "claim_held": {"better": "yes", "not better": "no"}.get(str(seen.verdict) if seen else "", "unknown"),
            "rule": "Less capacity for short histories.",
            "next_action": "Move on to the learning rate.",
            "facts": {},
        }
        self.store.proposals.reflect(trial, told)
        if (
            seen is None
            or seen.low is None
            or seen.high is None
            or seen.verdict is Verdict.INCONCLUSIVE
            or not self.lessons
        ):
            return
        outcome, share = ("for" if seen.difference > 0 else "against"), 1 / seen.reference
        for id in self.random.sample(self.lessons, min(2, len(self.lessons))):
            interval = (seen.difference * share, seen.low * share, seen.high * share)
            self.store.lessons.add_evidence(id, trial.id, outcome, *interval)
        first = self.store.proposals.retrievals(trial.id)[0].lesson_id
        self.store.lessons.pay(first, trial.id, float(outcome == "for"), float(outcome == "against"))
