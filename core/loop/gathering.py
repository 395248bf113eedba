"""What an agent is shown, collected from the store and the artifacts."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.agents.protocol import Evidence, TrialView
from core.data.profile import Profile, values
from core.data.profile_words import facets
from core.loop.kin import Kin
from core.loop.vetoes import instructed, standing_vetoes, without_vetoed
from core.memory.carried import Carried, carried
from core.memory.hits import Hit
from core.memory.retrieval import MOST, Retrieval
from core.memory.warm_start import Transferred, WarmStart, soft_ranges
from core.records import Dataset, Decision, Run, Study, Trial
from core.space import SearchSpace
from core.states import RunState, TrialState
from core.store import Store
from core.verdict import Comparison, SeedNoise, pool_seed_noise


class Gathering:
    """Reads; writes nothing but one event for each study that goes on without the index."""

    def __init__(self, store: Store, retrieval: Retrieval) -> None:
        self._store = store
        self._retrieval = retrieval
        self._told = set[int]()

    def evidence(self, study: Study) -> Evidence:
        """Everything known of a study, with the memory's hits; what a person vetoed is added to their instructions."""
        dataset = self._store.datasets.get(study.dataset_id)
        profile = Profile.from_json(dataset.profile)
        trials = self._store.trials.of_study(study.id)
        kin, vetoes = Kin(self._store, study), standing_vetoes(self._store, study, trials)
        space = without_vetoed(SearchSpace.from_json(study.space), vetoes, trials)
        found = self._retrieval.ranked(study, dataset) if study.use_memory else []
        self._tell_fault(study)
        is_off = not study.use_memory or is_planned_without(study, len(trials) + 1)
        hits = [] if is_off else self._retrieval.diverse(found, MOST)
        shown = {hit.lesson.id for hit in hits}
        together = () if is_off else carried(found)
        return Evidence(
            study=instructed(study, vetoes, space.declared),
            space=space,
            dataset_name=dataset.name,
            profile=values(profile),
            facets=tuple(facets(profile)),
            trials=tuple(self.view(study, trial, kin) for trial in trials),
            noise=seed_noise(self._store.runs.of_study(study.id)),
            hits=tuple(hits),
            remaining=study.max_trials - budget_used(trials),
            num_items=int(dataset.card["counts"]["items"]),
            held_back=tuple(hit for hit in found[: 2 * MOST] if hit.lesson.id not in shown),
            transferred=() if is_off else self._transferred(study, dataset, hits, together),
            soft_ranges=soft_ranges(space, hits),
            carried=together,
        )

    def _tell_fault(self, study: Study) -> None:
        """Once, until the index answers again."""
        if not self._retrieval.fault:
            self._told.discard(study.id)
        elif study.use_memory and study.id not in self._told:
            self._told.add(study.id)
            error = f"{self._retrieval.fault}; lessons come by scope, conditions, profile and trust until it is mended"
            self._store.events.note("index out of reach", "memory", {"error": error}, study_id=study.id)

    def _transferred(
        self, study: Study, dataset: Dataset, hits: Sequence[Hit], together: Sequence[Carried]
    ) -> tuple[Transferred, ...]:
        """Whole configs that other datasets suggest."""
        near = self._retrieval.neighbours(dataset, but_lineage=dataset.lineage)
        return WarmStart(self._store).configs(study, dataset, hits, near, together)

    def cited(self, evidence: Evidence, ids: Sequence[int]) -> list[Hit]:
        """Of cited lessons those that were not found for the evidence: the agent looked them up itself."""
        known = {hit.lesson.id for hit in (*evidence.hits, *evidence.held_back)}
        wanted = {id: (0.0, "") for id in ids if id not in known}
        dataset = self._store.datasets.get(evidence.study.dataset_id)
        return self._retrieval.scored(evidence.study, dataset, wanted) if wanted else []

    def view(self, study: Study, trial: Trial, kin: Kin) -> TrialView:
        """A trial with its proposal, runs, curve and comparison; its runs are charged with the training of weights that
        they took over."""
        runs = self._store.runs.of_trial(trial.id)
        decisions = self._store.trials.decisions(trial.id)
        seen = TrialView(
            trial=trial,
            proposal=self._store.proposals.proposal(trial.id),
            runs=kin.charged(trial, runs),
            curve=kin.curve(trial, runs),
            comparison=Comparison.from_json(trial.comparison) if trial.comparison else None,
            step=Comparison.from_json(trial.step_comparison) if trial.step_comparison else None,
            decisions=tuple(decision.kind for decision in decisions),
            reasons=tuple(each.reason for each in decisions if each.reason and _is_a_persons(each, trial)),
            reflection=self._store.proposals.reflection(trial.id),
        )
        return seen if study.use_reflection else verdict_alone(seen)


def verdict_alone(view: TrialView) -> TrialView:
    """What the agent of a study without reflection hears of a trial: its config, value and verdict."""
    plain = tuple(replace(run, metrics={**run.metrics, "slices": {}}) for run in view.runs)
    return replace(view, runs=plain, curve=None, step=None, reflection=None)


def _is_a_persons(decision: Decision, trial: Trial) -> bool:
    """Whether its reason is a person's: why they vetoed or edited a proposal, or ran a config of their own."""
    return decision.kind in ("veto", "edit") or trial.kind == "person"


def is_planned_without(study: Study, number: int) -> bool:
    """Whether the proposal with this number is of the share planned with memory off: drawn once, the same each time."""
    return random.Random(f"{study.id}/{study.seed}/{number}").random() < study.memory_off_share


def seed_noise(runs: Iterable[Run]) -> SeedNoise:
    """Variance between seeds, pooled over every repeated config of a study's runs; fresh seeds are kept apart."""
    by_trial: dict[int, list[float]] = {}
    for run in runs:
        if run.state is RunState.COMPLETE and run.value is not None and run.purpose != "fresh":
            by_trial.setdefault(run.trial_id, []).append(run.value)
    return pool_seed_noise(by_trial.values())


def budget_used(trials: Iterable[Trial]) -> int:
    """How many trials count against the budget: those that wait or were let run."""
    return sum(trial.state in (TrialState.PROPOSED, TrialState.APPROVED) for trial in trials)
