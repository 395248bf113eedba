"""When the runs of a trial have ended: the verdict, the incumbent, the reflection, the lessons."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.agents.computed import on_pruned, without_reflection
from core.agents.protocol import Agent, Evidence, Outcome, TrialView, is_pruned
from core.artifacts import Artifacts
from core.loop.gates import COST_FACTOR
from core.loop.gathering import Gathering, seed_noise
from core.loop.kin import Kin
from core.loop.screening import Screening
from core.memory.consolidation import Consolidation
from core.records import Run, Study, Trial
from core.states import Autonomy, RunState, StudyState, TrialState, Verdict
from core.store import Store
from core.studies.caps import why_no_room
from core.studies.guards import broken
from core.verdict import Comparison, compare

ACTOR = "verdict"
SEED_ASKED = "one more seed asked for"
PROMISING = 1.0  # an inconclusive gain of at least this many standard errors earns one more seed


class Judging:
    """Judges one trial at a time; a verdict is about the incumbent of that moment."""

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
        self._screening = Screening(store)

    def step(self, study: Study) -> bool:
        """Finish what a crash left half done, else judge the oldest trial whose runs have ended; whether there was one.

        The verdict is written first and alone; incumbent, reflection and lessons follow from it and may be repeated.
        """
        for trial in self._store.proposals.unsettled(study.id):
            if trial.judged_at is not None:
                self._follow_up(study, trial)
                return True
            if self._judge(study, trial):
                self._follow_up(study, self._store.trials.get(trial.id))
                return True
        return False

    def _judge(self, study: Study, trial: Trial) -> bool:
        runs = [run for run in self._store.runs.of_trial(trial.id) if run.purpose != "fresh"]
        if not runs or not all(run.has_ended for run in runs) or self._waits_for_baseline(study, trial):
            return False
        complete = [run for run in runs if run.state is RunState.COMPLETE and run.value is not None]
        value = sum(run.value or 0.0 for run in complete) / len(complete) if complete else None
        incumbent = self._incumbent(study, trial)
        seen = complete if complete or not is_pruned(runs) else runs
        comparison = self.compare(study, trial, seen, incumbent) if seen and incumbent else None
        step = self._compare_with_base(study, trial, seen) if comparison else None
        verdict, stored = (comparison.verdict, comparison.to_json()) if comparison else (None, None)
        return self._store.trials.judge(trial, value, verdict, stored, ACTOR, step.to_json() if step else None)

    def _follow_up(self, study: Study, trial: Trial) -> None:
        comparison = Comparison.from_json(trial.comparison) if trial.comparison else None
        is_first = study.incumbent_id is None and trial.value is not None and trial.kind == "baseline"
        is_better = comparison and comparison.verdict is Verdict.BETTER and not comparison.broken_guards
        if is_first:
            self._store.trials.judge_again(study.id, ACTOR)
        if is_first or (is_better and study.incumbent_id != trial.id):
            self._lead(study, trial)
        elif comparison and comparison.against and not is_better and study.incumbent_id == trial.id:
            self._lead(study, self._store.trials.by_number(study.id, comparison.against))  # further seeds took it back
        if trial.value is None and trial.kind == "baseline" and study.state is StudyState.ACTIVE:
            self._store.studies.move(
                study.id,
                StudyState.PAUSED,
                ACTOR,
                "the baseline has no value: see its runs' logs, retry them, then resume",
            )
        self._learn(self._store.studies.get(study.id), trial)

    def _lead(self, study: Study, trial: Trial) -> None:
        self._store.studies.set_incumbent(study.id, trial.id, study.incumbent_id, ACTOR)
        why = f"it was planned from another trial, and trial {trial.number} is the current best now"
        self._store.proposals.mark_outrun(study.id, trial.id, why, ACTOR)

    def _compare_with_base(self, study: Study, trial: Trial, seen: Sequence[Run]) -> Comparison | None:
        """A trial against the one it was planned from: that tests the claim, as the verdict need not."""
        proposal = self._store.proposals.proposal(trial.id)
        if proposal is None or proposal.base_trial_id is None:
            return None
        base = self._store.trials.get(proposal.base_trial_id)
        return None if base.value is None else self.compare(study, trial, seen, base)

    def compare(self, study: Study, trial: Trial, seen: Sequence[Run], rival: Trial) -> Comparison | None:
        """A trial against another of its study, over the complete seeds of both; of a trial whose seeds were all
        pruned, both as they were by that epoch."""
        if is_pruned(seen):
            return self._screening.comparison(study, seen, rival)
        theirs = [
            run
            for run in self._store.runs.of_trial(rival.id)
            if run.state is RunState.COMPLETE and run.purpose != "fresh"
        ]
        comparison = compare(
            self._scores(study, trial, seen),
            self._scores(study, rival, theirs),
            seed_noise(self._store.runs.of_study(study.id)),
            study.min_gain,
        )
        charged = Kin(self._store, study).charged(trial, seen)
        return replace(comparison, broken_guards=broken(study.guards, charged, theirs), against=rival.number)

    def _incumbent(self, study: Study, trial: Trial) -> Trial | None:
        """What a trial is judged against: the current best; for that one itself, judged again after further seeds,
        the one it took the place of."""
        if study.incumbent_id == trial.id and trial.comparison:
            beaten = Comparison.from_json(trial.comparison).against
            return self._store.trials.by_number(study.id, beaten) if beaten else None
        if study.incumbent_id is None or study.incumbent_id == trial.id:
            return None
        return self._store.trials.get(study.incumbent_id)

    def _waits_for_baseline(self, study: Study, trial: Trial) -> bool:
        """Whether there is nothing yet to judge against: a short trial can end before the baseline's last seed."""
        if study.incumbent_id is not None or trial.kind == "baseline":
            return False
        return any(each.kind == "baseline" and each.judged_at is None for each in self._approved(study))

    def _approved(self, study: Study) -> list[Trial]:
        return [each for each in self._store.trials.of_study(study.id) if each.state is TrialState.APPROVED]

    def _scores(self, study: Study, trial: Trial, runs: Sequence[Run]) -> list[np.ndarray]:
        return [self._artifacts.scores(trial, run, study.objective) for run in runs]

    def _learn(self, study: Study, trial: Trial) -> None:
        dataset = self._store.datasets.get(study.dataset_id)
        evidence = self._gathering.evidence(study)
        views = {view.trial.number: view for view in evidence.trials}
        view = views[trial.number]
        outcome = Outcome(view, _named(views, view.comparison), _named(views, view.step))
        if study.use_reflection:
            self._consolidation.pay(dataset, outcome)  # by what lessons said before this trial turned them
            self._consolidation.learn(study, dataset, outcome)
            agent = self._agent_of(study)
            told = on_pruned(evidence, outcome) if view.is_pruned else agent.reflect(evidence, outcome)
            self._store.proposals.reflect(trial, {**vars(told), "author": told.author or agent.name})
        else:
            self._store.proposals.reflect(trial, vars(without_reflection(evidence, outcome)))
        if self._earns_seed(study, trial, view.comparison):
            self._look_again(study, view, evidence)

    def _earns_seed(self, study: Study, trial: Trial, comparison: Comparison | None) -> bool:
        """One more seed, once, for an inconclusive trial that points up."""
        if comparison is None or comparison.verdict is not Verdict.INCONCLUSIVE or trial.looks > 1:
            return False
        if not study.extra_seeds or study.state is not StudyState.ACTIVE:
            return False
        is_promising = comparison.difference - study.min_gain > PROMISING * comparison.error
        return is_promising and not why_no_room(self._store, study)

    def _look_again(self, study: Study, view: TrialView, evidence: Evidence) -> None:
        """Queue the seed, or ask for it: where a person decides everything, and where it would trip the cost gate."""
        trial, seed = view.trial, max(view.trial.seeds) + 1
        why = _why_ask(study, view, evidence)
        if not why:
            reason = "inconclusive and promising: a second and last look"
            self._store.trials.add_seeds(trial, (seed,), "extra", "autopilot", str(study.autonomy), reason)
        elif not self._store.events.newest(1, trial_id=trial.id, kind=SEED_ASKED):
            detail = {"seed": seed, "why": why}
            self._store.events.note(SEED_ASKED, ACTOR, detail, study_id=study.id, trial_id=trial.id)


def _why_ask(study: Study, view: TrialView, evidence: Evidence) -> str:
    """Why a person has to grant one more seed of a trial; empty where nobody has to."""
    if study.autonomy is Autonomy.EACH:
        return "inconclusive, and it points up by more than its own error"
    base = evidence.baseline.minutes if evidence.baseline else None
    times = view.minutes / base if view.minutes and base else 0.0
    return (
        f"a seed costs {times:.1f} times the baseline"
        if study.autonomy is Autonomy.GATED and "cost" not in study.gates_off and times > COST_FACTOR
        else ""
    )


def _named(views: Mapping[int, TrialView], comparison: Comparison | None) -> TrialView | None:
    return views.get(comparison.against) if comparison and comparison.against else None
