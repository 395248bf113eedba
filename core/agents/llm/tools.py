"""What a model may look up while it plans: reads of the evidence it could have been shown, and nothing else."""

from collections.abc import Callable, Mapping
from typing import Any

from core.agents.importance import FEWEST, param_importance
from core.agents.llm import telling
from core.agents.llm.model import Tool
from core.agents.protocol import Evidence, TrialView
from core.loop.kin import Kin, has_priors
from core.store import Store

MOST_ROWS = 40
MOST_POINTS = 60
Args = Mapping[str, Any]


class NoSuchThing(ValueError):
    """The model asked for what is not there; it is told so."""


class Tools:
    """Reads for one evidence. `call` answers everything, errors too, as plain data."""

    def __init__(self, evidence: Evidence, store: Store) -> None:
        self._evidence, self._store = evidence, store
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
        return [
            _tool("list_trials", "trials with values and verdicts", {"first": number}),
            _tool("get_trial", "one trial: whole config, curve, slices", {"trial": number}, ["trial"]),
            _tool("compare_trials", "fields and values in which two differ", {"a": number, "b": number}, ["a", "b"]),
            _tool("get_curve", "the objective of a trial's best run by epoch", {"trial": number}, ["trial"]),
            _tool("search_memory", "lessons found for this study that hold a word", {"text": {"type": "string"}}),
            _tool("get_profile", "the dataset's profile in figures", {}),
            _tool("get_axes_tried", "which fields were changed, in which trials", {}),
            _tool("param_importance", "share of each field in what set the best trials apart (PED-ANOVA)", {}),
        ]

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
        first = args.get("first", 1)
        start = first if isinstance(first, int) else 1
        numbers = telling.numbers_of(self._evidence)
        rows = [telling.trial_data(v, numbers) for v in self._evidence.trials if v.trial.number >= start]
        return rows[:MOST_ROWS]

    def _get_trial(self, args: Args) -> Any:
        view = self._view(args.get("trial"))
        config = {name: telling.rounded(value) for name, value in view.trial.params.items()}
        told = telling.trial_data(view, telling.numbers_of(self._evidence))
        return {**told, "config": config, "slices": telling.slices_data(view)}

    def _compare_trials(self, args: Args) -> Any:
        a, b = self._view(args.get("a")), self._view(args.get("b"))
        ours, theirs = a.trial.params, b.trial.params
        differ = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
        fields = {name: [telling.rounded(ours.get(name)), telling.rounded(theirs.get(name))] for name in differ}
        return {"fields": fields, "values": [telling.rounded(view.trial.value) for view in (a, b)]}

    def _get_curve(self, args: Args) -> Any:
        view = self._view(args.get("trial"))
        if not self._evidence.study.use_reflection:
            raise NoSuchThing("this study goes without reflection: verdicts are told, curves are not")
        runs = [run for run in view.runs if run.value is not None]
        if not runs:
            raise NoSuchThing(f"trial {view.trial.number} has no complete run")
        best = max(runs, key=lambda run: run.value or 0.0)
        points = Kin(self._store, self._evidence.study).values(view.trial, best)
        objective = self._evidence.study.objective
        every = max(1, -(-len(points) // MOST_POINTS))
        told = {str(each.epoch): telling.rounded(each.metrics.get(objective)) for each in points[::every]}
        return told | ({"note": "of the model alone, before its priors"} if has_priors(view.trial.params) else {})

    def _search_memory(self, args: Args) -> Any:
        words = str(args.get("text", "")).lower().split()[:20]
        lessons = [telling.lesson_data(hit) for hit in self._evidence.hits]
        return [each for each in lessons if not words or any(word in str(each).lower() for word in words)]

    def _importance(self) -> Any:
        shares = param_importance(self._evidence)
        if not shares:
            raise NoSuchThing(f"importance needs {FEWEST} trials with a value and a field that had several values")
        told = {name: telling.rounded(float(share)) for name, share in shares.items()}
        return {"shares": told, "trials": len(self._evidence.judged), "note": "of what was tried, not of all there is"}

    def _view(self, number: Any) -> TrialView:
        for view in self._evidence.trials:
            if view.trial.number == number and not isinstance(number, bool):
                return view
        raise NoSuchThing(f"there is no trial {str(number)[:20]}; the newest is {len(self._evidence.trials)}")


def _tool(name: str, description: str, properties: Mapping[str, Any], required: list[str] | None = None) -> Tool:
    schema = {"type": "object", "properties": dict(properties), "required": required or []}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}
