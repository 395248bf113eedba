"""When the runs of a trial have ended: the verdict, the incumbent, the reflection, the lessons."""

from collections.abc import Callable, Sequence

import numpy as np

from core.agents.protocol import Agent, Outcome, TrialView
from core.artifacts import Artifacts
from core.guards import broken
from core.loop.gathering import Gathering
from core.memory.consolidation import Consolidation
from core.records import Run, Study, Trial
from core.states import Autonomy, RunState, StudyState, TrialState, Verdict
from core.store import Store
from core.verdict import Comparison, compare

ACTOR = "verdict"
PROMISING = 1.0  # an inconclusive gain of at least this many standard errors earns one more seed


class Judging:
    """Judges one trial at a time; every comparison is with the incumbent of that moment."""

    def __init__(
        self,
        store: Store,
        artifacts: Artifacts,
        gathering: Gathering,
        consolidation: Consolidation,
        agent_of: Callable[[Study], Agent],
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._gathering = gathering
        self._consolidation = consolidation
        self._agent_of = agent_of

    def step(self, study: Study) -> bool:
        """Judge the oldest trial whose runs have ended; whether there was one."""
        for trial in self._store.trials.of_study(study.id):
            if trial.state is TrialState.APPROVED and trial.judged_at is None:
                runs = [run for run in self._store.runs.of_trial(trial.id) if run.purpose != "fresh"]
                if runs and all(run.has_ended for run in runs):
                    self._judge(study, trial, runs)
                    return True
        return False

    def _judge(self, study: Study, trial: Trial, runs: Sequence[Run]) -> None:
        complete = [run for run in runs if run.state is RunState.COMPLETE and run.value is not None]
        value = sum(run.value or 0.0 for run in complete) / len(complete) if complete else None
        incumbent = self._incumbent(study, trial)
        comparison = self.compare(study, trial, complete, incumbent) if complete and incumbent else None
        verdict = comparison.verdict if comparison else None
        stored = comparison.to_json() if comparison else None
        if not self._store.trials.judge(trial, value, verdict, stored, ACTOR):
            return
        if incumbent is None and value is not None and trial.kind == "baseline":
            self._store.studies.set_incumbent(study.id, trial.id, None, ACTOR)
        elif comparison and comparison.verdict is Verdict.BETTER and not comparison.broken_guards:
            self._store.studies.set_incumbent(study.id, trial.id, study.incumbent_id, ACTOR)
        if value is None and trial.kind == "baseline" and study.state is StudyState.ACTIVE:
            self._store.studies.move(
                study.id, StudyState.PAUSED, ACTOR, "the baseline has no value: see its runs' logs"
            )
        self._learn(self._store.studies.get(study.id), self._store.trials.get(trial.id), incumbent, comparison)

    def compare(self, study: Study, trial: Trial, complete: Sequence[Run], incumbent: Trial) -> Comparison:
        """A trial against the incumbent, over the complete seeds of both."""
        theirs = [
            run
            for run in self._store.runs.of_trial(incumbent.id)
            if run.state is RunState.COMPLETE and run.purpose != "fresh"
        ]
        comparison = compare(
            self._scores(study, trial, complete),
            self._scores(study, incumbent, theirs),
            self._gathering.noise(study),
            study.min_gain,
        )
        faults = broken(study.guards, complete, theirs)
        return Comparison(**{**vars(comparison), "broken_guards": faults}) if faults else comparison

    def _incumbent(self, study: Study, trial: Trial) -> Trial | None:
        if study.incumbent_id is None or study.incumbent_id == trial.id:
            return None
        return self._store.trials.get(study.incumbent_id)

    def _scores(self, study: Study, trial: Trial, runs: Sequence[Run]) -> list[np.ndarray]:
        return [self._artifacts.scores(trial, run, study.objective) for run in runs]

    def _learn(self, study: Study, trial: Trial, against: Trial | None, comparison: Comparison | None) -> None:
        dataset = self._store.datasets.get(study.dataset_id)
        evidence = self._gathering.evidence(study)
        view = next(each for each in evidence.trials if each.trial.id == trial.id)
        outcome = Outcome(view, self._view(study, against), comparison)
        agent = self._agent_of(study)
        reflection = agent.reflect(evidence, outcome)
        self._store.proposals.reflect(trial, {**vars(reflection), "author": agent.name})
        self._consolidation.learn(study, dataset, outcome)
        self._consolidation.pay(dataset, outcome)
        if self._earns_seed(study, trial, comparison):
            seed = max(trial.seeds) + 1
            reason = "inconclusive and promising: a second and last look"
            self._store.trials.add_seeds(trial, (seed,), "extra", "autopilot", str(study.autonomy), reason)

    def _view(self, study: Study, trial: Trial | None) -> TrialView | None:
        return self._gathering.view(study, trial) if trial else None

    def _earns_seed(self, study: Study, trial: Trial, comparison: Comparison | None) -> bool:
        """One more seed, once, for an inconclusive trial that points up; where a person decides, they add it."""
        if comparison is None or comparison.verdict is not Verdict.INCONCLUSIVE or trial.looks > 1:
            return False
        if not study.extra_seeds or study.autonomy is Autonomy.EACH or study.state is not StudyState.ACTIVE:
            return False
        return comparison.difference - study.min_gain > PROMISING * comparison.error
