"""The protocol stamp: what a number means, short enough to stand beside it. Different stamps are never compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SPLITS = {"leave_one_out": "loo", "global_time": "time"}
_SPLIT_WORDS = {"loo": "leave-one-out", "time": "global-time split"}


@dataclass(frozen=True)
class Protocol:
    """Everything two numbers must share to be comparable (design: full ranking, ties by expectation)."""

    split: str  # leave_one_out, global_time
    phase: str  # val, test
    fitted: str  # train, train+val
    users: int
    candidates: str  # full
    masking: str  # seen, none
    ties: str  # exp
    k: int
    data: str  # dataset id

    @classmethod
    def of(cls, card: Mapping[str, Any], objective: str, masking: str) -> "Protocol":
        """The validation protocol of a dataset card and an objective such as `ndcg@10`."""
        return cls(
            split=card["split"],
            phase="val",
            fitted="train",
            users=int(card["counts"]["validation_targets"]),
            candidates="full",
            masking=masking,
            ties="exp",
            k=int(objective.partition("@")[2]),
            data=card["id"],
        )

    @property
    def stamp(self) -> str:
        """Such as `loo/val/fit:train/22363u/full/mask:seen/ties:exp/@10/3f2a91c0bd1e`."""
        split = _SPLITS.get(self.split, self.split)
        parts = (split, self.phase, f"fit:{self.fitted}", f"{self.users}u", self.candidates, f"mask:{self.masking}")
        return "/".join((*parts, f"ties:{self.ties}", f"@{self.k}", self.data))


def are_alike(a: str, b: str) -> bool:
    """Whether figures under two stamps were measured the same way, on whatever version of the data."""
    return _method(a) == _method(b)


def _method(stamp: str) -> list[str]:
    """All of a stamp but the number of users and the data, which a new version changes."""
    parts = stamp.split("/")
    return [*parts[:3], *parts[4:-1]]


def short(stamp: str) -> str:
    """What tells the stamps of one home apart, for a narrow column: such as `loo · seen · 3f2a`."""
    split, *_, masking, _ties, _k, _data = stamp.split("/")
    return f"{split} · {masking.removeprefix('mask:')} · {data_of(stamp)}"


def data_of(stamp: str) -> str:
    """What tells the data of one home apart, such as `3f2a`."""
    return stamp.rpartition("/")[2][:4]


def method_in_words(stamp: str) -> str:
    """How it was measured, on whatever data: such as `leave-one-out, full ranking, seen masked`."""
    split, *_, candidates, masking, _ties, _k, _data = stamp.split("/")
    masked = "seen masked" if masking == "mask:seen" else "nothing masked"
    return f"{_SPLIT_WORDS.get(split, split)}, {candidates} ranking, {masked}"


def in_words(stamp: str) -> str:
    """What stands small under a chart of metrics: such as `leave-one-out, full ranking, seen masked · 3f2a`."""
    return f"{method_in_words(stamp)} · {data_of(stamp)}"
