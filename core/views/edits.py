"""Edits of a study in its middle: who changed what, when and why, and between which trials it fell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from core.figures import duration, param_changes, param_value
from core.records import Study
from core.store import Store

TOPICS = {
    "space": "space",
    "instructions": "instructions",
    "autonomy": "autonomy",
    "max_trials": "budget",
    "max_epochs": "epochs",
    "caps": "caps",
    "deadline_seconds": "deadline",
    "min_gain": "smallest gain",
    "guards": "guards",
    "extra_seeds": "seeds",
    "use_pruning": "pruning",
    "ask_for": "gates",
    "gates_off": "gates",
    "parallel": "proposals at a time",
    "name": "name",
}
LONGEST = 80  # letters of a text that are told


@dataclass(frozen=True)
class Edit:
    """One revision of a study's settings after the first. `after` is the number of the newest trial that was there;
    `topics` are a word each, for a line on a plot, `words` say what it was and what it became."""

    at: float
    author: str
    reason: str
    after: int
    topics: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def label(self) -> str:
        """Such as `budget, instructions`."""
        return ", ".join(self.topics)


def edits_of(store: Store, study: Study) -> tuple[Edit, ...]:
    """Every edit, oldest first."""
    revisions = store.studies.revisions(study.id)
    created = store.trials.created(study.id) if len(revisions) > 1 else []
    return tuple(
        _edit(before["body"], now, created) for before, now in pairwise(revisions) if before["body"] != now["body"]
    )


def _edit(before: Mapping[str, Any], now: Mapping[str, Any], created: Sequence[tuple[int, float]]) -> Edit:
    body = now["body"]
    names = [name for name in (*TOPICS, *sorted(body.keys() - TOPICS.keys())) if body.get(name) != before.get(name)]
    return Edit(
        at=now["at"],
        author=now["author"],
        reason=now["reason"],
        after=max((number for number, at in created if at <= now["at"]), default=0),
        topics=tuple(dict.fromkeys(TOPICS.get(name, name) for name in names)),
        words=tuple(words for name in names for words in _words(name, before.get(name), body[name])),
    )


def _words(name: str, old: Any, new: Any) -> list[str]:
    if name == "space":
        return space_words(old or {}, new)
    if name == "deadline_seconds":
        return [f"deadline {duration(old) if old else 'none'} → {duration(new) if new else 'none'}"]
    if name == "instructions":
        return [f"instructions: {_cut(new)}" if new else "instructions taken away"]
    if name == "ask_for":
        return [f"always asks before changing {', '.join(new) or 'nothing in particular'}"]
    if name == "gates_off":
        return [f"gates that never ask: {', '.join(new) or 'none'}"]
    if isinstance(new, Mapping):
        held = old or {}
        keys = [key for key in {**held, **new} if held.get(key) != new.get(key)]
        return [f"{TOPICS.get(name, name)}: {param_changes({key: (held.get(key), new.get(key)) for key in keys})}"]
    return [f"{TOPICS.get(name, name)} {_cut(param_value(old))} → {_cut(param_value(new))}"]


def space_words(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What became of each field of a search space: its range or options, or that it is searched no more."""
    before, after = dict(old.get("searched", {})), dict(new.get("searched", {}))
    both = [name for name in after if name in before and _range(before[name]) != _range(after[name])]
    words = [f"{name} {_range(before[name])} → {_range(after[name])}" for name in both]
    words += [f"{name} searched in {_range(after[name])}" for name in after if name not in before]
    fixed = dict(new.get("fixed", {}))
    words += [f"{name} fixed at {param_value(fixed.get(name))}" for name in before if name not in after]
    old_fixed = dict(old.get("fixed", {}))
    moved = [name for name in fixed if name in old_fixed and old_fixed[name] != fixed[name]]
    return words + [param_changes({name: (old_fixed[name], fixed[name])}) for name in moved]


def _range(param: Mapping[str, Any]) -> str:
    if param.get("options"):
        return "{" + ", ".join(param_value(each) for each in param["options"]) + "}"
    return f"{param_value(param.get('low'))} to {param_value(param.get('high'))}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
