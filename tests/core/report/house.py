"""A home with scripted studies: real store, verdicts, reflections, closing and reveal; only the training is made up."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.agents.expert import Expert
from core.artifacts import RANKS, WEIGHTS
from core.data.card import Card
from core.data.findings import Finding
from core.loop.closing import Closing
from core.loop.gathering import Gathering
from core.loop.judging import Judging
from core.memory.consolidation import Consolidation
from core.memory.embedding import CachedEmbedder
from core.memory.promotion import Promotion
from core.memory.retrieval import Retrieval
from core.models.reveal import Reveals
from core.records import Reveal, Run, Study, Trial
from core.report.report import Report, write_report
from core.settings import Settings
from core.space import SearchSpace
from core.states import RunState, StudyState, Verdict
from core.store import Store
from core.studies.starting import StudyPlan, start_study
from core.verdict import Comparison
from core.workspace import Workspace
from recmodels.ranking.metrics import summary
from vectorstore.hashing import HashingEmbedder
from vectorstore.memory import MemoryStore

DATASET = "3f2a91c0bd1e"
USERS = 2000
EPOCHS = 12
PROFILE = {
    "users": 22363, "items": 12101, "interactions": 131413, "density": 0.00049, "mean_length": 5.9, "tail_share": 0.19,
    "popularity_gini": 0.55, "repeat_rate": 0.0, "tie_share": 0.43, "cold_share": 0.012,
    "transition_predictability": 0.09, "popularity_predictability": 0.02,
}  # fmt: skip


class HandClock:
    """Time moved by hand."""

    def __init__(self) -> None:
        self.at = 1_795_254_000.0

    def now(self) -> float:
        return self.at


class ReportHouse:
    """One study at a time; `qualities` says how good each trial's config really is."""

    def __init__(self, home: Path, name: str = "beauty", synthetic: bool = False) -> None:
        self.clock = HandClock()
        settings = Settings(home=home, database_url="sqlite://")
        self.store = Store(settings.database_url, self.clock)
        self.workspace = Workspace(settings, self.clock, self.store, MemoryStore(), "test")
        self.artifacts, self.home = self.workspace.artifacts, home
        self.qualities: dict[int, float] = {}
        self.hardness = np.random.default_rng(3).normal(size=USERS)
        self.store.datasets.add(DATASET, name, "lineage-77", DATASET, card(name, synthetic).to_json(), PROFILE, "test")
        retrieval = Retrieval(self.store, MemoryStore(), CachedEmbedder(HashingEmbedder(), self.store))
        gathering, consolidation = Gathering(self.store, retrieval), Consolidation(self.store)
        self.judging = Judging(self.store, self.artifacts, gathering, consolidation, lambda study: Expert())
        self.closing = Closing(self.store, self.artifacts, gathering, Promotion(self.store, consolidation))

    def start(self, **plan: Any) -> Study:
        given = {"autonomy": "autopilot", "use_memory": False, "extra_seeds": False, "trials": 6, **plan}
        return start_study(self.store, StudyPlan(DATASET, **given), "Ada")

    def propose(self, study: Study, axis: str, after: Any, quality: float, expected: float = 0.02) -> Trial:
        now = self.store.studies.get(study.id)
        trials = self.store.trials.of_study(study.id)
        base = next(each for each in trials if each.id == (now.incumbent_id or trials[0].id))
        params = SearchSpace.from_json(study.space).complete({**base.params, axis: after})
        is_number = isinstance(after, int | float)
        direction = ("up" if after > base.params[axis] else "down") if is_number else str(after)
        scale = base.value or 0.05
        proposal = {
            "author": "expert", "changes": {axis: [base.params[axis], after]}, "axis": axis, "direction": direction,
            "claim": f"{axis} helps", "mechanism": "made up", "risk": "low", "novelty": "new", "falsifier": "a fall",
            "expected": {"relative": expected, "relative_sd": 0.03, "absolute": expected * scale,
                         "absolute_sd": 0.03 * scale},
            "cost": {"minutes": 2.0}, "base_trial_id": base.id,
        }  # fmt: skip
        trial = self.store.proposals.propose(study, params, (study.seed,), proposal)
        self.qualities[trial.id] = quality
        return trial

    def approve(self, trial: Trial) -> Trial:
        return self.store.trials.decide(trial, "approve", "autopilot", "autopilot")

    def run_trial(self, study: Study, axis: str, after: Any, quality: float, **proposal: Any) -> Trial:
        trial = self.approve(self.propose(study, axis, after, quality, **proposal))
        self.train(study)
        self.judge(study)
        return self.store.trials.get(trial.id)

    def train(self, study: Study) -> None:
        """Every queued run, to its end."""
        while run := self.store.runs.claim("worker-1"):
            trial = self.store.trials.get(run.trial_id)
            self.train_one(study, trial, run)

    def train_one(self, study: Study, trial: Trial, run: Run, epochs: int = EPOCHS) -> None:
        ranks = self.ranks(trial, run.seed)
        final = summary(ranks)
        for epoch in range(1, epochs + 1):
            share = (1 - 0.75 * np.exp(-epoch / 2)) - 0.005 * max(0, epoch - 8)
            wobble = 1 + 0.004 * np.sin(epoch * 1.7 + run.seed)
            metrics = {name: value * share * wobble for name, value in final.items()}
            self.clock.at += 10.6
            self.store.runs.record(run, epoch, 4.0 / epoch, metrics, 10.4)
        folder = self.artifacts.run(trial, run.seed)
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / RANKS, ranks)
        (folder / WEIGHTS).write_bytes(b"weights")
        values = {"metrics": {**final, "coverage@10": 0.4, "parameters": 812_000}, "best_epoch": 8}
        self.store.runs.end(run, RunState.COMPLETE, "worker-1", value=final[study.objective], seconds=125.0, **values)

    def compared(self, difference: float) -> dict[str, Any]:
        """An inconclusive comparison, as the store keeps it."""
        error = 0.004
        comparison = Comparison(
            verdict=Verdict.INCONCLUSIVE,
            difference=difference,
            low=difference - 2 * error,
            high=difference + 2 * error,
            error=error,
            user_error=error,
            seed_error=0.0,
            degrees=9.0,
            smallest_detectable=0.011,
            min_gain=0.0,
            users=USERS,
            seeds=(1, 3),
            reference=0.04,
        )
        return comparison.to_json()

    def complete(self, value: float) -> None:
        """Every queued run ends at once, without files."""
        while run := self.store.runs.claim("worker-1"):
            self.store.runs.end(run, RunState.COMPLETE, "worker-1", value=value, best_epoch=1)

    def fail(self, study: Study, error: str) -> None:
        """Every queued run fails."""
        while run := self.store.runs.claim("worker-1"):
            self.clock.at += 9
            self.store.runs.end(run, RunState.FAILED, "worker-1", error=error, seconds=8.0)

    def judge(self, study: Study) -> None:
        while self.judging.step(self.store.studies.get(study.id)):
            self.clock.at += 1

    def finish(self, study: Study) -> Study:
        """Stop, run the fresh seeds, finish."""
        self.store.studies.move(study.id, StudyState.STOPPING, "Ada")
        while self.closing.step(self.store.studies.get(study.id)):
            self.train(study)
        return self.store.studies.get(study.id)

    def reveal(self, study: Study, actor: str = "Ada", refit: bool = False) -> Reveal:
        reveals = Reveals(self.store, self.artifacts, self.workspace.settings, self._score)
        reveal = reveals.request(study, actor, refit)
        reveals.perform(reveal)
        done = self.store.reveals.of_study(study.id)
        assert done is not None
        return done

    def report(self, study: Study, target: Path | None = None) -> Report:
        return write_report(self.workspace, study.id, target or self.home / "report")

    def html(self, study: Study) -> str:
        return self.report(study).html.read_text(encoding="utf-8")

    def markdown(self, study: Study) -> str:
        return self.report(study).markdown.read_text(encoding="utf-8")

    def ranks(self, trial: Trial | None, seed: int, quality: float = 0.0, salt: int = 0) -> np.ndarray:
        """(2, USERS): shared hardness of the users, the config's quality, a little luck of the seed."""
        own = self.qualities.get(trial.id, 0.0) if trial else quality
        random = np.random.default_rng((trial.id if trial else 99, seed, salt))
        luck = 0.012 * random.normal() + 0.25 * random.normal(size=USERS)
        above = np.exp(4.4 + 1.7 * self.hardness + luck - own)
        return np.stack([above, np.zeros(USERS)]).astype(np.uint32)

    def _score(self, module: str, job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Stands in for the scoring process: writes what it would write."""
        out = Path(job["out_dir"])
        trials = {each.number: each for each in self.store.trials.waiting()}
        for model in job.get("models", []):
            name = model["name"]
            assert model.get("fitted", "train") == ("train+val" if name == "refit" else "train"), name
            if name == "refit":
                np.save(out / "refit.npy", self.ranks(None, 1, quality=0.5))
                continue
            _, number, _, seed = name.split("-")
            study_id = int(Path(model["weights"]).parts[-4].removeprefix("study-"))
            trial = trials.get(int(number)) or self.store.trials.by_number(study_id, int(number))
            np.save(out / f"{name}.npy", self.ranks(trial, int(seed), salt=7))
        for reference, quality in zip(job.get("references", []), (-2.2, -0.1, -0.4), strict=False):
            np.save(out / f"{reference}.npy", self.ranks(None, 0, quality=quality, salt=11))
        yield {"event": "complete"}


def short_study(house: ReportHouse, **plan: Any) -> Study:
    """Baseline and one better trial; still active."""
    study = house.start(trials=2, **plan)
    house.train(study)
    house.judge(study)
    house.run_trial(study, "lr", 0.002, 0.4)
    return house.store.studies.get(study.id)


def whole_study(house: ReportHouse, **plan: Any) -> Study:
    """Baseline, two better, one not better, one open, one vetoed; still active."""
    study = house.start(trials=8, **plan)
    house.train(study)
    house.judge(study)
    house.run_trial(study, "lr", 0.002, 0.2)
    house.run_trial(study, "dropout", 0.4, -0.05)
    house.run_trial(study, "max_len", 35, 0.2, expected=-0.01)
    house.run_trial(study, "ffn", "gelu", 0.4)
    refused = house.propose(study, "hidden_dim", 256, 0.0)
    house.store.trials.decide(refused, "veto", "Ada", "cli", "four times the memory for a mobile product")
    house.run_trial(study, "negatives", 1024, 0.40, expected=0.03)
    return house.store.studies.get(study.id)


def card(name: str, synthetic: bool = False) -> Card:
    """A card like that of Amazon Beauty."""
    warnings = (
        Finding("ties", "warning", "43.5 % of users have a last item that shares its timestamp with the one before."),
        Finding("titles", "info", "no titles were given"),
    )
    return Card(
        id=DATASET, name=name, lineage="lineage-77", source=f"{name}.txt", format="user item item ...", columns={},
        options={}, split="leave_one_out", event_counts={}, has_timestamps=False, first_time=None, last_time=None,
        counts={"users": 22363, "items": 12101, "interactions": 198502, "validation_targets": 22363}, tie_share=0.435,
        repeat_rate=0.0, repeat_share=0.0, cold_share=0.012, masking="seen", masking_reason="few repeats",
        order_rule="as in the file", findings=warnings, bad_rows=(), synthetic=synthetic,
        created_at="2026-11-21T10:00:00Z", versions={},
    )  # fmt: skip
