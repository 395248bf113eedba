"""Exact ranking of targets over the whole catalogue, by counting. Shape letters: U cases, c cases of a chunk, V items,
D width."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from recmodels.backbones.layers import SequenceModel
from recmodels.data import Cases, Histories
from recmodels.errors import InvalidJob, OutOfMemory
from recmodels.packing import Flat, pack, ranges
from recmodels.ranking.metrics import MISS, user_scores
from recmodels.training.memory import is_out_of_memory

MASKINGS = ("seen", "none")
_CHUNK = 64  # cases scored at once: their scores stay in the processor's cache
_SLOTS = 2**26  # scores in a buffer at most: 256 MiB
_ENCODED = 1024  # histories read by the model at once
_ATTENDED = 2**25  # weights of attention that may exist meanwhile: 128 MiB, a few times over
_HELD = 2**16  # cases whose states are kept at once

Fill = Callable[[slice, Tensor], None]  # writes the scores of some cases into a buffer (c, V+1)


class Scorer(Protocol):
    """Anything that scores the catalogue for a history."""

    def prepare(self, histories: Histories) -> Fill:
        """Reads the histories; returns what fills a buffer with the scores of a slice of them."""
        ...


@dataclass(frozen=True)
class Ranking:
    """`ranks` as in `metrics`; `top` (U, k) the best candidates, 0 where there are fewer."""

    ranks: np.ndarray
    top: np.ndarray

    def coverage(self, num_items: int) -> float:
        """Share of the catalogue that is among anyone's best k."""
        return float((np.unique(self.top) > 0).sum() / num_items) if self.top.size else 0.0

    def mean_popularity(self, popularity: Flat) -> float:
        """Training events of the recommended items, averaged over everyone's best k."""
        shown = self.top[self.top > 0]
        return float(popularity[shown].mean()) if shown.size else 0.0


class ModelScorer:
    """Scores by a model, in float32."""

    def __init__(self, model: SequenceModel, max_len: int, device: torch.device) -> None:
        self.model, self.max_len, self.device = model, max_len, device
        self.rows = _ENCODED  # histories read at once at most; falls when memory runs out

    def states(self, histories: Histories, cases: slice = slice(None)) -> Tensor:
        """The state after the last event of each of the histories: (U, D). Raises OutOfMemory."""
        lengths = np.minimum(histories.lengths[cases], self.max_len)
        starts = histories.offsets[1:][cases] - lengths
        attended = np.cumsum(self.model.heads * lengths**2)
        found, first = [], 0
        while first < len(lengths):
            before = attended[first] - self.model.heads * lengths[first] ** 2
            fitting = int(np.searchsorted(attended, before + _ATTENDED, side="right"))
            part = slice(first, min(max(fitting, first + 1), first + self.rows))
            try:
                found.append(self._encode(histories, starts[part], lengths[part]))
                first = part.stop
            except (RuntimeError, MemoryError) as error:
                self._read_fewer(len(lengths[part]), error)
        return torch.cat(found)

    def _read_fewer(self, rows: int, error: Exception) -> None:
        """Halves what is read at once, if that may help."""
        if not is_out_of_memory(error):
            raise error
        if rows == 1:
            raise OutOfMemory(
                f"not even one history of up to max_len={self.max_len} events can be read beside the model; lower "
                "max_len or hidden_dim, or run fewer at once"
            ) from error
        self.rows = rows // 2

    def _encode(self, histories: Histories, starts: Flat, lengths: Flat) -> Tensor:
        batch = pack(histories.items, starts, lengths, histories.timestamps).to(self.device)
        return self.model(batch).index_select(0, batch.last)

    def prepare(self, histories: Histories) -> Fill:
        """What fills a buffer raises FloatingPointError where a state is not finite."""
        table, held = self._evaluated(self.model.item_vectors).T, slice(0, 0)
        states = table.new_empty(0)

        def fill(cases: slice, scores: Tensor) -> None:
            nonlocal held, states
            if cases.start < held.start or cases.stop > held.stop:
                held = slice(cases.start, max(min(cases.start + _HELD, len(histories.lengths)), cases.stop))
                states = self._evaluated(lambda: self.states(histories, held))
                if not bool(states.isfinite().all()):
                    raise FloatingPointError("the scores are not finite")
            torch.mm(states[cases.start - held.start : cases.stop - held.start], table, out=scores)

        return fill

    def _evaluated(self, read: Callable[[], Tensor]) -> Tensor:
        """What the model says without dropout."""
        was_training = self.model.training
        self.model.eval()
        try:
            with torch.inference_mode():
                return read()
        finally:
            self.model.train(was_training)


def rank(
    scorer: Scorer,
    cases: Cases,
    popularity: Flat,
    masking: str,
    *,
    device: torch.device | None = None,
    top: int = 0,
    between: Callable[[], None] = lambda: None,
) -> Ranking:
    """Ranks each target among all items but the masked ones; a masked or cold target (`popularity` 0) is a miss.
    `between` is called between chunks and may raise to stop. Raises FloatingPointError for scores that are not
    finite."""
    check_masking(masking)
    U, width = len(cases.users), len(popularity)
    ranks, best = np.empty((2, U), np.uint32), np.zeros((U, min(top, width - 1)), np.int64)
    if U == 0:
        return Ranking(ranks, best)
    device = device or torch.device("cpu")
    hidden = Mask(cases.histories, masking, width)
    step = min(chunk_size(width), U)
    buffers = [torch.empty(step, width, device=device) for _ in range(2)]
    with torch.inference_mode():
        fill = scorer.prepare(cases.histories)
        for first in range(0, U, step):
            between()
            chunk = slice(first, min(first + step, U))
            scores, compared = (buffer[: chunk.stop - first] for buffer in buffers)
            fill(chunk, scores)
            hidden.apply(chunk, scores)
            ranks[:, chunk] = _count(scores, cases.targets[chunk], compared)
            best[chunk] = _best(scores, best.shape[1])
    ranks[0, popularity[cases.targets] == 0] = MISS
    ranks[1, ranks[0] == MISS] = 0
    return Ranking(ranks, best)


def chunk_size(width: int) -> int:
    """How many cases are scored at once over `width` items."""
    return max(1, min(_CHUNK, _SLOTS // width))


def check_masking(masking: str) -> None:
    """Raises InvalidJob."""
    if masking not in MASKINGS:
        raise InvalidJob(f"masking={masking!r} is none of {', '.join(MASKINGS)}")


class Mask:
    """Hides what is no candidate: the pad id, and the items of a history's target events where `seen` are masked."""

    def __init__(self, histories: Histories, masking: str, width: int) -> None:
        masked = histories.is_target if masking == "seen" else np.zeros(len(histories.items), bool)
        self._items, self._width = histories.items[masked], width
        self._offsets = np.concatenate([[0], np.cumsum(masked)])[histories.offsets]

    def apply(self, chunk: slice, scores: Tensor) -> None:
        """Lowers their scores for these cases to minus infinity."""
        starts, ends = self._offsets[chunk], self._offsets[chunk.start + 1 : chunk.stop + 1]
        rows = np.repeat(np.arange(len(starts)), ends - starts)
        slots = rows * self._width + self._items[ranges(starts, ends - starts)]
        scores.view(-1).index_fill_(0, torch.from_numpy(slots).to(scores.device), -torch.inf)
        scores[:, 0] = -torch.inf


def _count(scores: Tensor, targets: Flat, compared: Tensor) -> np.ndarray:
    """Candidates above each target and others equal to it: (2, c). Comparisons are written as floats and summed as a
    product with ones, the quickest count on a CPU; exact up to 2^24 items."""
    own = scores.gather(1, torch.from_numpy(targets).to(scores.device).unsqueeze(1))
    if bool(own.isnan().any()):
        raise FloatingPointError("the scores are not finite")
    ones = scores.new_ones(scores.shape[1])
    above = torch.gt(scores, own, out=compared) @ ones
    reached = torch.ge(scores, own, out=compared) @ ones
    counts = torch.stack([above, reached - above - 1]).cpu().numpy().astype(np.uint32)
    counts[0, (own[:, 0] == -torch.inf).cpu().numpy()] = MISS
    return counts


def _best(scores: Tensor, k: int) -> np.ndarray:
    values, items = scores.topk(k)
    return items.masked_fill(values == -torch.inf, 0).cpu().numpy()


def slices(
    ranks: np.ndarray, cases: Cases, popularity: Flat, train: Histories | None = None, objective: str = "ndcg@10"
) -> dict[str, dict[str, dict[str, Any]]]:
    """Users, NDCG@10, Recall@10 and the objective by history length (quartiles), by the target's popularity (head, mid
    and tail hold a third of the training events each) and, where `train` has times, by its age: days from its last
    training event to the last of all (quartiles; without targets that never occur there)."""
    scores = {metric: user_scores(ranks, metric) for metric in ("ndcg@10", "recall@10", objective)}
    found = {
        "history_length": _by_group(scores, *_quartiles(cases.histories.lengths)),
        "target_popularity": _by_group(scores, _thirds(popularity)[cases.targets], ("head", "mid", "tail")),
    }
    if train is not None and train.timestamps is not None:
        known = popularity[cases.targets] > 0
        group, names = _quartiles(_ages(train, len(popularity))[cases.targets[known]])
        told = {metric: values[known] for metric, values in scores.items()}
        found["target_age"] = _by_group(told, group, tuple(f"{name} days" for name in names))
    return found


def _ages(train: Histories, width: int) -> Flat:
    """Whole days between an item's last training event and the last of all: (V+1,)."""
    assert train.timestamps is not None
    latest = np.full(width, train.timestamps.min())
    np.maximum.at(latest, train.items, train.timestamps)
    return (train.timestamps.max() - latest) // 86_400


def _quartiles(lengths: Flat) -> tuple[Flat, tuple[str, ...]]:
    """Bucket of each value and the buckets' names ("4-6"); equal quartiles fall together."""
    if not len(lengths):
        return lengths, ()
    edges = np.unique(np.quantile(lengths, [0.25, 0.5, 0.75, 1.0], method="inverted_cdf"))
    lows = np.concatenate([[lengths.min()], edges[:-1] + 1])
    names = tuple(f"{low}-{high}" if low < high else f"{high}" for low, high in zip(lows, edges, strict=True))
    return np.searchsorted(edges, lengths), names


def _thirds(popularity: Flat) -> Flat:
    """0, 1 or 2 for each id: the most popular items that together hold the first third of events, and so on."""
    order = np.argsort(-popularity, kind="stable")
    before = np.cumsum(popularity[order]) - popularity[order]
    group = np.empty(len(popularity), np.int64)
    group[order] = np.minimum(3 * before // max(int(popularity.sum()), 1), 2)
    return group


def _by_group(scores: Mapping[str, np.ndarray], group: Flat, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    users = np.bincount(group, minlength=len(names))
    return {
        name: {
            "users": int(users[index]),
            **{metric: float(values[group == index].mean()) for metric, values in scores.items()},
        }
        for index, name in enumerate(names)
        if users[index]
    }
