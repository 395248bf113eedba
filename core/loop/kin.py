"""What a trial that took over trained weights owes to the run they come from: its curve and its time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from core.agents.curves import CurveSummary, summarise
from core.records import IntermediateValue, Params, Run, Study, Trial
from core.states import RunState
from core.store import Store
from core.worker.reuse import is_alike, trained


class OfModelAlone(CurveSummary):
    """The curve of a config with priors: they act after training, so that no epoch shows them."""

    @property
    def sentence(self) -> str:
        """The diagnosis, and that it is of the model without its priors."""
        return f"of the model alone, before its priors, {super().sentence}"


class Kin:
    """The runs of one study, and of those alike it, as they are now. Reads; writes nothing."""

    def __init__(self, store: Store, study: Study) -> None:
        self._store, self._study = store, study
        self._told: dict[int, list[IntermediateValue]] = {}

    def values(self, trial: Trial, run: Run) -> list[IntermediateValue]:
        """A run's values by epoch; of one that took over weights, those of the run that trained them."""
        source = self.source(trial, run)
        return self._own(source or run)

    def curve(self, trial: Trial, runs: Sequence[Run]) -> CurveSummary | None:
        """The summary of the best complete run's curve; None without one."""
        complete = [run for run in runs if run.state is RunState.COMPLETE and run.value is not None]
        if not complete:
            return None
        best = max(complete, key=lambda run: run.value or 0.0)
        seen = summarise(self.values(trial, best), self._study.objective)
        return OfModelAlone(**vars(seen)) if seen and has_priors(trial.params) else seen

    def charged(self, trial: Trial, runs: Sequence[Run]) -> tuple[Run, ...]:
        """The runs with the time that training their weights took, whoever trained them: what the config costs."""
        return tuple(self._charged(trial, run) for run in runs)

    def source(self, trial: Trial, run: Run) -> Run | None:
        """The run that trained the weights of a complete one; None where it trained them itself."""
        if run.state is not RunState.COMPLETE or not has_priors(trial.params) or self._own(run):
            return None
        return next((each for each in self._trained_like(trial, run) if self._own(each)), None)

    def _own(self, run: Run) -> list[IntermediateValue]:
        if run.id not in self._told:
            self._told[run.id] = self._store.runs.values(run.id)
        return self._told[run.id]

    def _charged(self, trial: Trial, run: Run) -> Run:
        source = self.source(trial, run)
        return replace(run, seconds=run.seconds + source.seconds) if source else run

    def _trained_like(self, trial: Trial, run: Run) -> Iterator[Run]:
        """Complete runs of this seed that differ in their priors at most, the study's own first."""
        for kin, each in self._complete:
            if each.seed == run.seed and each.id != run.id and trained(kin.params) == trained(trial.params):
                yield each

    @cached_property
    def _complete(self) -> list[tuple[Trial, Run]]:
        alike = [other for other in self._store.studies.all() if is_alike(self._study, other)]
        found = []
        for study in sorted(alike, key=lambda each: each.id != self._study.id):
            trials = {trial.id: trial for trial in self._store.trials.of_study(study.id)}
            runs = self._store.runs.of_study(study.id)
            found += [(trials[run.trial_id], run) for run in runs if run.state is RunState.COMPLETE]
        return found


def has_priors(params: Params) -> bool:
    """Whether anything acts after training."""
    return bool(params.get("priors", "none") != "none")
