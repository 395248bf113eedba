"""What a model may look up while it plans: reads of the evidence it could have been shown, and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.agents.curves import summarise
from core.agents.importance import FEWEST, param_importance
from core.agents.llm import telling
from core.agents.llm.model import Tool
from core.agents.llm.prose import Record, record
from core.agents.protocol import Evidence, TrialView
from core.loop.kin import Kin, has_priors
from core.memory.hits import Hit
from core.records import IntermediateValue, Run
from core.store import Store
from vectorstore.protocol import VectorStoreError

MOST_ROWS = 40
MOST_POINTS = 60
MOST_ROOM = 5_000  # characters of a list of trials
Args = Mapping[str, Any]
Search = Callable[[Evidence, str], Sequence[Hit]]


class NoSuchThing(ValueError):
    """The model asked for what is not there; it is told so."""


def among_the_shown(evidence: Evidence, text: str) -> list[Hit]:
    """The lessons of the prompt that hold a word of the text: all there is without a memory to search."""
    words = text.lower().split()[:20]
    return [hit for hit in evidence.hits if any(word in str(telling.lesson_data(hit)).lower() for word in words)]


class Tools:
    """Reads for one evidence. `call` answers everything, errors too, as plain data; what it found may be told."""

    def __init__(
        self,
        evidence: Evidence,
        store: Store,
        search: Search = among_the_shown,
    ) -> None:
        self._evidence, self._store, self._search = evidence, store, search
        self._found: dict[int, Hit] = {}
        self.record = Record()
        self._does: dict[str, Callable[[Args], Any]] = {
            "list_trials": self._list_trials,
            "get_trial": self._get_trial,
            "compare_trials": self._compare_trials,
            "get_curve": self._get_curve,
            "search_memory": self._search_memory,
            "get_profile": lambda args: telling.profile_data(self._evidence),
            "get_axes_tried": lambda args: telling.axes_data(self._evidence),
            "param_importance": lambda args: self._importance(),
        }

    @property
    def described(self) -> list[Tool]:
        """As the model is offered them."""
        number = {"type": "integer", "description": "a trial's number"}
        text = {"type": "string", "description": "what a lesson should be about"}
        both = "fields and values in which two differ, and their paired difference where one was judged by the other"
        return [
            _tool("list_trials", "trials with values and verdicts", {"first": number}),
            _tool("get_trial", "one trial: whole config, curve, slices", {"trial": number}, ["trial"]),
            _tool("compare_trials", both, {"a": number, "b": number}, ["a", "b"]),
            _tool("get_curve", "the objective of a trial's best run by epoch", {"trial": number}, ["trial"]),
            _tool("search_memory", "lessons for this study, by meaning; they may be cited", {"text": text}, ["text"]),
            _tool("get_profile", "the dataset's profile in figures", {}),
            _tool("get_axes_tried", "which fields were changed, in which trials", {}),
            _tool("param_importance", "share of each field in what set the best trials apart (PED-ANOVA)", {}),
        ]

    @property
    def seen(self) -> Evidence:
        """The evidence with the lessons that were looked up."""
        return replace(self._evidence, hits=(*self._evidence.hits, *self._found.values()))

    def __contains__(self, name: str) -> bool:
        return name in self._does

    def call(self, name: str, arguments: Mapping[str, Any] | str) -> Any:
        """What it found, or `{"error": ...}`."""
        if name not in self._does or isinstance(arguments, str):
            return {"error": f"{name[:50]} cannot be called like this; there are {', '.join(self._does)}"}
        try:
            return self._does[name](arguments)
        except NoSuchThing as problem:
            return {"error": str(problem)}

    def _list_trials(self, args: Args) -> Any:
        first, room = args.get("first", 1), MOST_ROOM
        start = first if isinstance(first, int) else 1
        views = [view for view in self._evidence.trials if view.trial.number >= start]
        rows: list[dict[str, Any]] = []
        for view in views[:MOST_ROWS]:
            told = telling.trial_data(view, self._evidence)
            room -= len(str(told))
            if room < 0 and rows:
                break
            rows.append(told)
        more = {"next": views[len(rows)].trial.number} if len(rows) < len(views) else {}
        return {"trials": rows, **more}

    def _get_trial(self, args: Args) -> Any:
        view = self._view(args.get("trial"))
        config = {name: telling.rounded(value) for name, value in view.trial.params.items()}
        told = telling.trial_data(view, self._evidence)
        if self._evidence.study.use_reflection and not view.curve and (best := self._best_run(view)):
            curve = summarise(best[1], self._evidence.study.objective)
            told |= {"curve": telling.curve_data(curve)} if curve else {}
            self._may_tell(figures=told.get("curve"))
        return {**told, "config": config, "slices": telling.slices_data(view)}

    def _compare_trials(self, args: Args) -> Any:
        a, b = self._view(args.get("a")), self._view(args.get("b"))
        ours, theirs = a.trial.params, b.trial.params
        differ = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
        fields = {name: [telling.rounded(ours.get(name)), telling.rounded(theirs.get(name))] for name in differ}
        told = {"fields": fields, "values": [telling.rounded(view.trial.value) for view in (a, b)]}
        return {**told, "paired": _paired(a, b) or _paired(b, a) or "these two were not judged by each other"}

    def _get_curve(self, args: Args) -> Any:
        view = self._view(args.get("trial"))
        if not self._evidence.study.use_reflection:
            raise NoSuchThing("this study goes without reflection: verdicts are told, curves are not")
        best = self._best_run(view)
        if best is None:
            raise NoSuchThing(f"no epoch of trial {view.trial.number} is known")
        run, points = best
        objective = self._evidence.study.objective
        every = max(1, -(-len(points) // MOST_POINTS))
        told = {str(each.epoch): telling.rounded(each.metrics.get(objective)) for each in points[::every]}
        self._may_tell(figures=told)
        notes = [] if run.value is not None else [f"this run is {run.state}; its value is not known"]
        notes += ["of the model alone, before its priors"] if has_priors(view.trial.params) else []
        return told | ({"note": "; ".join(notes)} if notes else {})

    def _best_run(self, view: TrialView) -> tuple[Run, Sequence[IntermediateValue]] | None:
        """The complete run with the best value, else the one that went furthest, with its epochs."""
        runs = sorted(view.runs, key=lambda run: (run.value or 0.0, run.epoch), reverse=True)
        kin = Kin(self._store, self._evidence.study)
        found = ((run, kin.values(view.trial, run)) for run in runs)
        return next(((run, points) for run, points in found if points), None)

    def _search_memory(self, args: Args) -> Any:
        text = " ".join(str(args.get("text", "")).split())[:200]
        try:
            found = self._search(self._evidence, text) if text else self._evidence.hits
        except VectorStoreError as problem:
            raise NoSuchThing("the memory's index cannot be asked now; cite from `lessons`") from problem
        shown = {hit.lesson.id for hit in self._evidence.hits}
        self._found |= {hit.lesson.id: hit for hit in found if hit.lesson.id not in shown}
        return [telling.lesson_data(hit) for hit in found]

    def _importance(self) -> Any:
        shares = param_importance(self._evidence)
        if not shares:
            raise NoSuchThing(f"importance needs {FEWEST} trials with a value and a field that had several values")
        told = {name: telling.rounded(float(share)) for name, share in shares.items()}
        self._may_tell(shares=list(told.values()))
        return {"shares": told, "trials": len(self._evidence.judged), "note": "of what was tried, not of all there is"}

    def _may_tell(self, figures: Any = (), shares: Any = ()) -> None:
        self.record |= record(figures, shares)

    def _view(self, number: Any) -> TrialView:
        for view in self._evidence.trials:
            if view.trial.number == number and not isinstance(number, bool):
                return view
        raise NoSuchThing(f"there is no trial {str(number)[:20]}; the newest is {len(self._evidence.trials)}")


def _paired(a: TrialView, b: TrialView) -> dict[str, Any] | None:
    """What was found when `a` was judged by `b`, over the same users."""
    for each in (a.comparison, a.step):
        if each is not None and each.against == b.trial.number:
            return {"trial": a.trial.number, **telling.comparison_data(each)}
    return None


def _tool(name: str, description: str, properties: Mapping[str, Any], required: list[str] | None = None) -> Tool:
    schema = {"type": "object", "properties": dict(properties), "required": required or []}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}
