"""One study on a table: the agent proposes as in the program, runs are looked up, the program's verdicts decide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.racing.records import MOST_TRIALS, study_of, view_of
from benchmarks.tables.table import Recorded, Table
from core.agents.expert.planning import best_estimate
from core.agents.protocol import Agent, Draft, Evidence, Nothing, TrialView
from core.agents.pruning import is_hopeless
from core.data.profile import Profile, values
from core.data.profile_words import facets
from core.loop.judging import PROMISING
from core.space import SearchSpace
from core.states import Verdict
from core.verdict import Comparison, SeedNoise, compare, compare_at, pool_seed_noise
from recmodels.registry import get_backbone

BASELINE_SEEDS = 3  # given to all and not counted


@dataclass(frozen=True)
class Rules:
    """What a racer may use. A sampler takes no verdicts: it is judged by its best observed value."""

    prunes: bool = True
    reseeds: bool = True
    by_verdict: bool = True
    reflects: bool = True
    memory: Evidence | None = None  # what a memory tells a study on this table: hits, ranges, configs to begin with


@dataclass(frozen=True)
class Moment:
    """What would be recommended once so many trials were paid for."""

    cost: float
    cell: int


class Track:
    """A study from its baseline on. The same seed gives the same order of recorded runs."""

    def __init__(self, table: Table, agent: Agent, rules: Rules, seed: int) -> None:
        self.table, self.agent, self.rules, self.seed = table, agent, rules, seed
        self.space = space_of(table)
        self.profile = Profile.from_json(table.meta["profile"])
        self.cost = 0.0
        self.incumbent = 1
        random = np.random.default_rng([seed, 1])
        self._order = {cell: list(random.permutation(len(runs))) for cell, runs in table.runs.items()}
        self._views: list[TrialView] = []
        self._taken: dict[int, list[Recorded]] = {}  # complete runs by trial number
        self._start()

    def race(self, most: float = MOST_TRIALS) -> Iterator[Moment]:
        """What is recommended after each trial."""
        yield Moment(0.0, self.recommended())
        while self.cost < most:
            draft = self.agent.propose(self.evidence())
            if isinstance(draft, Nothing):
                return
            self._run(draft)
            yield Moment(self.cost, self.recommended())

    def recommended(self) -> int:
        """The cell it would go with now."""
        if self.rules.by_verdict:
            chosen = best_estimate(self.evidence())
            assert chosen is not None
        else:
            chosen = max(self._views, key=lambda view: view.trial.value or 0.0)
        return self.table.index(chosen.trial.params)

    def evidence(self) -> Evidence:
        """What the agent is shown."""
        memory = self.rules.memory
        views = self._views if self.rules.reflects else [_unreflected(view) for view in self._views]
        return Evidence(
            study=study_of(self.table, self.space, self.seed, self.incumbent, memory is not None),
            space=self.space,
            dataset_name=str(self.table.meta["dataset"]),
            profile=values(self.profile),
            facets=tuple(facets(self.profile)),
            trials=tuple(views),
            noise=self._noise(),
            hits=memory.hits if memory else (),
            transferred=memory.transferred if memory else (),
            soft_ranges=memory.soft_ranges if memory else {},
            carried=memory.carried if memory else (),
            remaining=int(MOST_TRIALS - self.cost),
            num_items=int(self.table.meta["items"]),
        )

    def _start(self) -> None:
        cell = self.table.default
        runs = [self._next(cell) for _ in range(BASELINE_SEEDS)]
        params = self.space.baseline()
        self._taken[1] = runs
        self._views.append(view_of(1, params, "baseline", runs, None, None, None))

    def _run(self, draft: Draft) -> None:
        number, cell = len(self._views) + 1, self.table.index(draft.params)
        run, rival = self._next(cell), self._curve_of(self.incumbent)
        deviation = self._noise().deviation * 2**0.5
        length = len(run.curve)
        if self.rules.prunes:
            length = next(
                (n for n in range(1, length) if is_hopeless(run.curve[:n].tolist(), rival, deviation)), length
            )
        self.cost += length / max(len(run.curve), 1)
        if length < len(run.curve):
            self._add(
                number, draft, [], self._at_epoch(run, length, self.incumbent), self._at_epoch_of(draft, run, length)
            )
            return
        self._judge(number, draft, [run])
        if self._earns_seed(self._views[-1], cell):
            self.cost += 1.0
            self._views.pop()
            self._judge(number, draft, [run, self._next(cell)])

    def _judge(self, number: int, draft: Draft, runs: list[Recorded]) -> None:
        self._taken[number] = runs
        against = self._compare(runs, self.incumbent)
        base = _number_of(self._views, draft.base_trial_id)
        step = None if base is None else self._compare(runs, base)
        self._add(number, draft, runs, against, step)

    def _add(
        self, number: int, draft: Draft, runs: list[Recorded], against: Comparison, step: Comparison | None
    ) -> None:
        self._views.append(view_of(number, draft.params, "planned", runs, draft, against, step))
        if runs and against.verdict is Verdict.BETTER:
            self.incumbent = number

    def _compare(self, runs: list[Recorded], rival: int) -> Comparison:
        theirs = self._taken[rival]
        found = compare([run.scores for run in runs], [run.scores for run in theirs], self._noise())
        return replace(found, against=rival)

    def _at_epoch(self, run: Recorded, epoch: int, rival: int) -> Comparison:
        """A pruned run against a trial, both as they were by that epoch."""
        theirs = self._curve_of(rival)
        whole = [view.comparison for view in self._views if view.comparison and view.comparison.epoch is None]
        variance = float(np.mean([each.user_error**2 for each in whole])) if whole else None
        ours, reference, users = float(run.curve[:epoch].max()), max(theirs[:epoch]), int(self.table.meta["users"])
        seeds = (1, len(self._taken[rival]))
        return replace(compare_at(ours, reference, variance, users, self._noise(), seeds, epoch), against=rival)

    def _at_epoch_of(self, draft: Draft, run: Recorded, epoch: int) -> Comparison | None:
        base = _number_of(self._views, draft.base_trial_id)
        return None if base is None else self._at_epoch(run, epoch, base)

    def _earns_seed(self, view: TrialView, cell: int) -> bool:
        comparison = view.comparison
        if not self.rules.reseeds or comparison is None or comparison.verdict is not Verdict.INCONCLUSIVE:
            return False
        return bool(self._order[cell]) and comparison.difference > PROMISING * comparison.error

    def _next(self, cell: int) -> Recorded:
        return self.table.runs[cell][self._order[cell].pop()]

    def _curve_of(self, number: int) -> list[float]:
        """Mean over a trial's seeds, as long as the shortest reaches."""
        curves = [run.curve for run in self._taken[number]]
        length = min(len(curve) for curve in curves)
        return np.mean([curve[:length] for curve in curves], axis=0).tolist() if length else []

    def _noise(self) -> SeedNoise:
        return pool_seed_noise([run.value for run in runs] for runs in self._taken.values())


def space_of(table: Table) -> SearchSpace:
    """The table's axes as ordered options, everything else held where the table held it."""
    backbone = get_backbone(table.backbone)
    defaults = backbone.complete(dict(table.meta["fixed"]))
    searched = {
        name: replace(
            backbone.params()[name], kind="choice", options=options, default=defaults[name], low=None, high=None
        )
        for name, options in table.axes.items()
    }
    return SearchSpace(table.backbone, searched, {n: v for n, v in defaults.items() if n not in searched})


def _number_of(views: Sequence[TrialView], trial_id: int | None) -> int | None:
    """A pruned trial has no runs to compare with; ids are numbers here."""
    found = next((view for view in views if view.trial.id == trial_id and view.trial.value is not None), None)
    return found.trial.number if found else None


def _unreflected(view: TrialView) -> TrialView:
    """Its value and verdict stay; what is drawn from them is not told."""
    return replace(view, step=None, curve=None)
