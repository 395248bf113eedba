"""How a study ends: what it recommends, fresh seeds for an honest figure, lessons promoted, disk freed."""

from core.agents.expert.planning import best_estimate
from core.artifacts import CHECKPOINT, WEIGHTS, Artifacts
from core.loop.gathering import Gathering, budget_used
from core.memory.promotion import Promotion
from core.records import Run, Study, Trial
from core.states import RunState, StudyState, TrialState
from core.store import Store
from core.studies.caps import why_no_room
from core.verdict import Comparison, compare, pool_seed_noise

ACTOR = "study's end"
FRESH_SEEDS = 2
FRESH_OFFSET = 1_000  # fresh seeds lie apart from those the trials used


class Closing:
    """Steps a study from its last trial to `finished`."""

    def __init__(self, store: Store, artifacts: Artifacts, gathering: Gathering, promotion: Promotion) -> None:
        self._store = store
        self._artifacts = artifacts
        self._gathering = gathering
        self._promotion = promotion

    def step(self, study: Study) -> bool:
        """One step towards the end, if it is due; whether anything happened."""
        trials = self._store.trials.of_study(study.id)
        if study.state is StudyState.STOPPING and self._withdraw(trials):
            return True
        if any(trial.judged_at is None for trial in trials if trial.state is TrialState.APPROVED):
            return False
        if study.state is StudyState.ACTIVE:
            return self._stop_when_spent(study, trials)
        if study.state is StudyState.STOPPING:
            return self._recommend(study) or self._add_fresh_seeds(study) or self._finish(study)
        return False

    def _stop_when_spent(self, study: Study, trials: list[Trial]) -> bool:
        why = why_no_room(self._store, study)
        if not why and not any(trial.waits for trial in trials) and budget_used(trials) >= study.max_trials:
            why = "the budget of trials is spent"
        if why:
            self._store.studies.move(study.id, StudyState.STOPPING, ACTOR, why)
        return bool(why)

    def _withdraw(self, trials: list[Trial]) -> bool:
        """What waits for a decision or has not begun is not run any more."""
        unbegun = [trial for trial in trials if trial.waits or self._has_not_begun(trial)]
        for trial in unbegun:
            self._store.trials.cancel(trial, ACTOR, "the study is stopping")
        return bool(unbegun)

    def _has_not_begun(self, trial: Trial) -> bool:
        if trial.state is not TrialState.APPROVED or trial.judged_at is not None:
            return False
        return all(run.state is RunState.QUEUED and run.attempt == 0 for run in self._store.runs.of_trial(trial.id))

    def _recommend(self, study: Study) -> bool:
        """The incumbent, or the pooled best estimate when it lies above; labelled which. A space that was edited to
        exclude the incumbent is about what to try, not about what was found best."""
        if study.recommended_id is not None or study.incumbent_id is None:
            return False
        evidence = self._gathering.evidence(study)
        chosen, best = study.incumbent_id, evidence.incumbent
        if best is not None and evidence.space.contains(best.trial.params):
            estimate = best_estimate(evidence)
            chosen = estimate.trial.id if estimate else chosen
        is_verdict = chosen == study.incumbent_id
        why = "best by verdict" if is_verdict else "best pooled estimate; its verdict is inconclusive"
        self._store.studies.recommend(study.id, chosen, why, ACTOR)
        return True

    def _add_fresh_seeds(self, study: Study) -> bool:
        added = False
        for trial in self._finalists(study):
            runs = self._store.runs.of_trial(trial.id)
            if not any(run.purpose == "fresh" for run in runs):
                first = study.seed + FRESH_OFFSET
                seeds = tuple(range(first, first + FRESH_SEEDS))
                reason = "fresh seeds for the final figure"
                self._store.trials.add_seeds(trial, seeds, "fresh", ACTOR, "study's end", reason)
                added = True
        return added

    def _finish(self, study: Study) -> bool:
        if not all(run.has_ended for run in self._store.runs.of_study(study.id)):
            return False
        final = final_comparison(self._store, self._artifacts, study)
        self._promotion.promote(study, self._store.datasets.get(study.dataset_id), final)
        self._store.studies.move(study.id, StudyState.FINISHED, ACTOR)
        self._free_disk(study)
        return True

    def _finalists(self, study: Study) -> list[Trial]:
        """The baseline and the recommended trial; none of them when the baseline never got a value."""
        if study.recommended_id is None:
            return []
        baseline = next(t for t in self._store.trials.of_study(study.id) if t.kind == "baseline")
        recommended = self._store.trials.get(study.recommended_id)
        return [baseline] if recommended.id == baseline.id else [baseline, recommended]

    def _free_disk(self, study: Study) -> None:
        """Optimiser states go, and weights too, but for baseline, production, current best and recommended trial."""
        keep = {study.incumbent_id, *(trial.id for trial in self._finalists(study))}
        for trial in self._store.trials.of_study(study.id):
            for seed in trial.seeds:
                folder = self._artifacts.run(trial, seed)
                (folder / CHECKPOINT).unlink(missing_ok=True)
                if trial.id not in keep and trial.kind != "production":
                    (folder / WEIGHTS).unlink(missing_ok=True)


def fresh_runs(runs: list[Run]) -> list[Run]:
    """The complete runs on fresh seeds."""
    return [run for run in runs if run.purpose == "fresh" and run.state is RunState.COMPLETE]


def final_comparison(store: Store, artifacts: Artifacts, study: Study) -> Comparison | None:
    """The recommended trial against the baseline on fresh seeds alone; None before they ran or when they are one."""
    baseline = next((t for t in store.trials.of_study(study.id) if t.kind == "baseline"), None)
    if baseline is None or study.recommended_id in (None, baseline.id):
        return None
    recommended = store.trials.get(study.recommended_id or 0)
    ours, theirs = fresh_runs(store.runs.of_trial(recommended.id)), fresh_runs(store.runs.of_trial(baseline.id))
    if not ours or not theirs:
        return None
    by_trial: dict[tuple[int, bool], list[float]] = {}
    for run in store.runs.of_study(study.id):
        if run.state is RunState.COMPLETE and run.value is not None:
            by_trial.setdefault((run.trial_id, run.purpose == "fresh"), []).append(run.value)
    return compare(
        [artifacts.scores(recommended, run, study.objective) for run in ours],
        [artifacts.scores(baseline, run, study.objective) for run in theirs],
        pool_seed_noise(by_trial.values()),
        study.min_gain,
    )
