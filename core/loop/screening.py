"""A run beside the current best at equal epochs: whether it is hopeless, and what a stopped one was worth by then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.agents.pruning import first_rung, is_hopeless
from core.agents.reliability import Look, look
from core.figures import metric, objective_words, percent
from core.loop.gathering import seed_noise
from core.records import Run, Study, Trial
from core.states import RunState
from core.store import Store
from core.verdict import Comparison, compare_at
from core.worker.jobs import sample_users
from core.worker.reuse import trained

MOST_KEPT = 64
PASSED = "passed the first look"
PRUNABLE = frozenset({"planned", "person"})  # never the baseline, nor the config in production


@dataclass(frozen=True)
class Rival:
    """A trial's objective by epoch, averaged over seeds as far as all of them went."""

    number: int
    curve: tuple[float, ...]
    seeds: int


@dataclass(frozen=True)
class _Beside:
    ours: list[float]
    rival: Rival
    deviation: float
    objective: str


class Screening:
    """Reads curves; writes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked_up: dict[tuple[int, int, int], tuple[Rival | None, float | None]] = {}

    def why_hopeless(self, run: Run) -> str | None:
        """Why a running run should be pruned after its last epoch so far, in a sentence; None to let it go on."""
        seen = self._beside(run)
        if seen is None or not is_hopeless(seen.ours, seen.rival.curve, seen.deviation):
            return None
        best, theirs = max(seen.ours), max(seen.rival.curve[: len(seen.ours)])
        return (
            f"by epoch {len(seen.ours)} its {objective_words(seen.objective)} had come to {metric(best)}, "
            f"{percent(1 - best / theirs)} below the {metric(theirs)} of the current best (trial {seen.rival.number}) "
            "by the same epoch"
        )

    def passed_at(self, run: Run) -> int | None:
        """The epoch of the first look, if the run has just passed it; None at any other epoch, and without a look."""
        seen = self._beside(run)
        if seen is None or len(seen.ours) != first_rung(seen.rival.curve):
            return None
        return None if is_hopeless(seen.ours, seen.rival.curve, seen.deviation) else len(seen.ours)

    def _beside(self, run: Run) -> _Beside | None:
        """A prunable run's curve so far, and what it is held against; None where there is nothing to look at."""
        study, trial = self._store.studies.get(run.study_id), self._store.trials.get(run.trial_id)
        if not _is_prunable(study, trial, run):
            return None
        rival, deviation = self._known(study, run)
        ours = self._curve(study, run)
        if rival is None or deviation is None or not ours:
            return None
        return _Beside(ours, rival, deviation, study.objective)

    def _known(self, study: Study, run: Run) -> tuple[Rival | None, float | None]:
        """The current best's curve and the deviation of a difference of two seeds; looked up once for each attempt at
        a run, since a study may hold thousands."""
        key = (run.id, run.attempt, study.incumbent_id or 0)
        if key not in self._looked_up:
            noise = seed_noise(self._store.runs.of_study(study.id))
            rival = self.rival(study, self._store.trials.get(study.incumbent_id or 0))
            if len(self._looked_up) >= MOST_KEPT:
                self._looked_up.clear()
            self._looked_up[key] = rival, noise.deviation * 2**0.5 if noise.degrees else None
        return self._looked_up[key]

    def comparison(self, study: Study, runs: Sequence[Run], rival_trial: Trial) -> Comparison | None:
        """Pruned runs of one trial against another trial, both up to the epoch all of them reached; None without
        curves. The users' variance is the mean of the study's comparisons of whole runs."""
        rival = self.rival(study, rival_trial)
        curves = [self._curve(study, run) for run in runs]
        if rival is None or not curves or not all(curves):
            return None
        epoch = min(len(curve) for curve in curves)
        ours = sum(max(curve[:epoch]) for curve in curves) / len(curves)
        variance, users = self._user_variance(study)
        noise = seed_noise(self._store.runs.of_study(study.id))
        seeds = (len(runs), rival.seeds)
        theirs = max(rival.curve[:epoch])
        seen = compare_at(ours, theirs, variance, users, noise, seeds, epoch, study.min_gain)
        return replace(seen, against=rival.number)

    def looks(self, study: Study) -> list[Look]:
        """Every run that went to its end, beside the trial that was the current best then: what pruning saw, or would
        have seen without leave to stop it."""
        deviation = seed_noise(self._store.runs.of_study(study.id)).deviation * 2**0.5
        trials = {trial.id: trial for trial in self._store.trials.of_study(study.id)}
        held_against = {trial.comparison["against"] for trial in trials.values() if trial.comparison}
        rivals = {each.number: self.rival(study, each) for each in trials.values() if each.number in held_against}
        found = []
        for run in self._store.runs.of_study(study.id):
            trial = trials[run.trial_id]
            rival = rivals.get(trial.comparison["against"]) if trial.comparison else None
            is_whole = run.state is RunState.COMPLETE and run.purpose == "trial" and trial.kind in PRUNABLE
            if rival is not None and is_whole:
                found.append(look(self._curve(study, run), rival.curve, deviation))
        return [each for each in found if each is not None]

    def rival(self, study: Study, trial: Trial) -> Rival | None:
        """The curve of a trial; one that took over trained weights has the curve of the trial it took them from."""
        kin = {
            each.id for each in self._store.trials.of_study(study.id) if trained(each.params) == trained(trial.params)
        }
        complete = [
            run
            for run in self._store.runs.of_study(study.id)
            if run.trial_id in kin and run.state is RunState.COMPLETE and run.purpose != "fresh"
        ]
        curves = [curve for run in complete if (curve := self._curve(study, run))]
        if not curves:
            return None
        means = tuple(sum(values) / len(curves) for values in zip(*curves, strict=False))  # as far as all of them went
        return Rival(trial.number, means, len(curves))

    def _curve(self, study: Study, run: Run) -> list[float]:
        values = self._store.runs.values(run.id)
        return [value.metrics[study.objective] for value in values if study.objective in value.metrics]

    def _user_variance(self, study: Study) -> tuple[float | None, int]:
        """Of a mean difference on the users an epoch is ranked on, and how many they are; None before a comparison."""
        trials = self._store.trials.of_study(study.id)
        seen = [Comparison.from_json(trial.comparison) for trial in trials if trial.comparison]
        whole = [comparison for comparison in seen if comparison.epoch is None]
        if not whole:
            return None, 0
        users = whole[-1].users
        ranked = sample_users(self._store.datasets.get(study.dataset_id)) or users
        mean = sum(comparison.user_error**2 for comparison in whole) / len(whole)
        return mean * users / ranked, ranked


def _is_prunable(study: Study, trial: Trial, run: Run) -> bool:
    if not study.use_pruning or study.incumbent_id in (None, trial.id):
        return False
    return trial.kind in PRUNABLE and run.purpose == "trial" and not run.spared
