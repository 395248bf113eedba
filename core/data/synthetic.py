"""Synthetic interaction sequences with planted structure, by named regimes; the same seed gives the same bytes.

An event is one of five kinds, in shares that the regime fixes: it follows a transition from one of the user's last
items, repeats an item, tries a newly arrived item, explores by overall popularity, or (the rest) serves one of the
user's tastes. So popularity, first-order transitions, useful history beyond the last item, and user tastes each carry
signal of their own, and a recommender that models more of them scores visibly higher.
"""

import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.data.regimes import REGIMES, Regime, named

__all__ = ["REGIMES", "Regime", "generate", "titles", "write_tsv"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY = 86_400
EPOCH = 1_577_836_800  # 2020-01-01, so that dates on screen look like dates
SESSION_GAP = 300.0  # mean seconds between events of one session
REDRAWS = 6  # attempts to find an item that the user has not had and that already exists
LAG_DECAY = 0.6  # each step further back is this much less likely to be the source of a transition or a repeat
NEW_DEPTH = 20.0  # "newly arrived" reaches back about this many arrivals
SUCCESSOR_STAYS = 0.8  # share of successors within the item's own taste
FOLLOW, REPEAT, NOVELTY, EXPLORE, TASTE = range(5)


THEMES = (
    *("Trail Running", "Board Games", "Baking", "Film Noir", "Houseplants", "Watercolour", "Astronomy", "Cycling"),
    *("Jazz", "Woodwork", "Sourdough", "Chess", "Camping", "Knitting", "Photography", "Science Fiction", "Yoga"),
    *("Coffee", "Gardening", "Sailing", "Model Trains", "Poetry", "Climbing", "Ceramics", "Birdwatching", "Robotics"),
    *("Street Food", "Skincare", "Travel", "History", "Fishing", "Synthesizers", "Calligraphy", "Puzzles", "Tea"),
    *("Surfing", "Origami", "Vintage Radio", "Mushrooms", "Archery"),
)


def generate(regime: Regime | str, seed: int, users: int | None = None) -> pd.DataFrame:
    """Events (user, item, timestamp in epoch seconds; int64), in order of time like a log.

    `users` overrides the regime's number; the catalogue stays. Raises KeyError naming the regimes that exist.
    """
    regime = named(regime)
    regime = regime if users is None else replace(regime, users=users)
    catalogue = _Catalogue.build(regime, _generator(regime, seed, "catalogue"))
    rng = _generator(regime, seed, "users")
    lengths = _lengths(regime, rng)
    times, session_starts = _times(regime, lengths, rng)
    items = _walk(regime, catalogue, lengths, times, session_starts, rng)
    return _log(regime, lengths, times, items)


def titles(regime: Regime | str, seed: int) -> pd.DataFrame:
    """Columns item, title: readable, one theme per taste, and saying that they are synthetic."""
    regime = named(regime)
    catalogue = _Catalogue.build(regime, _generator(regime, seed, "catalogue"))
    frame = pd.DataFrame({"item": np.arange(1, regime.items + 1), "taste": catalogue.taste_of})
    number = frame.groupby("taste").cumcount() + 1
    theme = frame["taste"].map(_theme)
    return pd.DataFrame({"item": frame["item"], "title": "Synthetic · " + theme + " No. " + number.astype(str)})


def write_tsv(frame: pd.DataFrame, path: Path) -> None:
    """Tab-separated with a header, as the importer reads it; the same frame gives the same bytes."""
    frame.to_csv(path, sep="\t", index=False, lineterminator="\n")


def _generator(regime: Regime, seed: int, part: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(f"{regime.name}/{part}".encode())])


def _theme(taste: int) -> str:
    again = taste // len(THEMES)
    return THEMES[taste % len(THEMES)] + (f" {again + 1}" if again else "")


@dataclass(frozen=True)
class _Catalogue:
    """Items are 0..V-1 here and 1..V outside; ids say nothing about popularity or taste."""

    taste_of: Ints  # (V,)
    successors: Ints  # (V, S)
    arrival: Floats  # (V,) seconds since the start; -1 for items there from the beginning
    by_arrival: Ints  # (V,) items, the oldest first
    popular: "_Weighted"
    of_taste: tuple["_Weighted", ...] = field(repr=False)

    @classmethod
    def build(cls, regime: Regime, rng: np.random.Generator) -> "_Catalogue":
        weights = rng.permutation(np.arange(1, regime.items + 1) ** -regime.skew)
        taste_of = rng.permutation(np.arange(regime.items) % regime.tastes)
        members = [np.flatnonzero(taste_of == taste) for taste in range(regime.tastes)]
        arrival = np.full(regime.items, -1.0)
        late = rng.permutation(regime.items)[: int(regime.cold * regime.items)]
        arrival[late] = rng.uniform(0.5, 1.0, len(late)) * regime.span_days * DAY
        return cls(
            taste_of=taste_of,
            successors=_successors(regime, taste_of, members, rng),
            arrival=arrival,
            by_arrival=np.argsort(arrival, kind="stable"),
            popular=_Weighted.of(np.arange(regime.items), weights),
            of_taste=tuple(_Weighted.of(group, weights[group]) for group in members),
        )


@dataclass(frozen=True)
class _Weighted:
    """Items drawn in proportion to weights, by inverting the cumulative sum."""

    items: Ints
    cumulative: Floats

    @classmethod
    def of(cls, items: Ints, weights: Floats) -> "_Weighted":
        return cls(items, np.cumsum(weights / weights.sum()))

    def draw(self, uniform: Floats) -> Ints:
        at = np.searchsorted(self.cumulative, uniform, side="right")
        return self.items[np.minimum(at, len(self.items) - 1)]


def _successors(regime: Regime, taste_of: Ints, members: list[Ints], rng: np.random.Generator) -> Ints:
    """(V, S): the items of a taste lie on a ring, and an item leads to those just after it, or now and then to the same
    place on the ring of the next taste. Neighbours share successors, so what is learned of one holds for the others."""
    place = np.empty(regime.items, dtype=np.int64)
    for group in members:
        place[rng.permutation(group)] = np.arange(len(group))
    sizes = np.array([len(group) for group in members])
    ring = np.full((regime.tastes, sizes.max()), -1)
    ring[taste_of, place] = np.arange(regime.items)
    strays = rng.random((regime.items, regime.successors)) > SUCCESSOR_STAYS
    taste = (taste_of[:, None] + strays) % regime.tastes
    return ring[taste, (place[:, None] + np.arange(1, regime.successors + 1)) % sizes[taste]]


def _lengths(regime: Regime, rng: np.random.Generator) -> Ints:
    """(U,) log-normal with the regime's mean above its minimum."""
    above = max(regime.mean_length - regime.min_length, 0.5)
    drawn = above * rng.lognormal(-0.5 * regime.length_spread**2, regime.length_spread, regime.users)
    return np.clip(regime.min_length + np.rint(drawn), regime.min_length, regime.max_length).astype(np.int64)


def _times(regime: Regime, lengths: Ints, rng: np.random.Generator) -> tuple[Ints, NDArray[np.bool_]]:
    """Seconds since the start, and whether an event opens a session; both (U, L), increasing along L."""
    shape = (len(lengths), int(lengths.max()))
    opens = rng.random(shape) < 1.0 / regime.session_length
    opens[:, 0] = True
    pause = 0.5 * regime.span_days * DAY * regime.session_length / max(regime.mean_length, 2.0)
    gaps = np.where(opens, rng.exponential(pause, shape), rng.exponential(SESSION_GAP, shape))
    gaps[:, 0] = 0.0
    passed = np.cumsum(gaps, axis=1)
    whole = passed[np.arange(shape[0]), lengths - 1]
    span = regime.span_days * DAY - 1.0
    passed *= np.minimum(1.0, 0.95 * span / np.maximum(whole, 1.0))[:, None]  # nobody outlives the period
    room = span - passed[np.arange(shape[0]), lengths - 1]
    start = rng.random(shape[0]) * room
    return (start[:, None] + passed).astype(np.int64), opens


@dataclass
class _Walk:
    """State of all users at once while the steps go by."""

    regime: Regime
    catalogue: _Catalogue
    rng: np.random.Generator
    history: Ints  # (U, L) items so far, -1 where none yet
    taste: Ints  # (U,) what each user is after in this session

    def propose(self, kinds: Ints, users: Ints, step: int, now: Ints) -> Ints:
        """One item per user in `users`, by the kind of the event; all arrays (n,)."""
        chosen = self.catalogue.popular.draw(self.rng.random(len(users)))
        for kind, draw in ((FOLLOW, self._follow), (REPEAT, self._repeat)):
            at = np.flatnonzero(kinds == kind)
            chosen[at] = draw(users[at], step)
        at = np.flatnonzero(kinds == NOVELTY)
        chosen[at] = self._newly_arrived(now[at])
        at = np.flatnonzero(kinds == TASTE)
        chosen[at] = self._by_taste(users[at])
        return chosen

    def _lagged(self, users: Ints, step: int, reach: int) -> Ints:
        """An item among the user's last `reach`, the later the likelier."""
        weights = LAG_DECAY ** np.arange(min(reach, step))
        lags = np.searchsorted(np.cumsum(weights / weights.sum()), self.rng.random(len(users)), side="right") + 1
        return self.history[users, step - np.minimum(lags, step)]

    def _follow(self, users: Ints, step: int) -> Ints:
        source = self._lagged(users, step, self.regime.reach)
        weights = 1.0 / np.arange(1, self.regime.successors + 1)
        which = np.searchsorted(np.cumsum(weights / weights.sum()), self.rng.random(len(users)), side="right")
        return self.catalogue.successors[source, np.minimum(which, self.regime.successors - 1)]

    def _repeat(self, users: Ints, step: int) -> Ints:
        return self._lagged(users, step, step)

    def _newly_arrived(self, now: Ints) -> Ints:
        arrived = np.searchsorted(self.catalogue.arrival[self.catalogue.by_arrival], now, side="right")
        back = 1 + self.rng.exponential(NEW_DEPTH, len(now)).astype(np.int64)
        return self.catalogue.by_arrival[np.maximum(arrived - back, 0)]

    def _by_taste(self, users: Ints) -> Ints:
        tastes, uniform = self.taste[users], self.rng.random(len(users))
        chosen = np.empty(len(users), dtype=np.int64)
        for taste in np.unique(tastes):
            at = np.flatnonzero(tastes == taste)
            chosen[at] = self.catalogue.of_taste[taste].draw(uniform[at])
        return chosen

    def refused(self, chosen: Ints, kinds: Ints, users: Ints, step: int, now: Ints) -> NDArray[np.bool_]:
        """Items that the user already had (unless meant as a repeat) or that do not exist yet."""
        had = (self.history[users, :step] == chosen[:, None]).any(axis=1)
        return (had & (kinds != REPEAT)) | (self.catalogue.arrival[chosen] > now)


def _walk(
    regime: Regime,
    catalogue: _Catalogue,
    lengths: Ints,
    times: Ints,
    session_starts: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Ints:
    """Items (U, L); -1 beyond a user's length. One Python step per position, all users at once."""
    users = len(lengths)
    own_tastes = rng.integers(0, regime.tastes, (users, regime.tastes_per_user))
    walk = _Walk(regime, catalogue, rng, np.full(times.shape, -1, dtype=np.int64), own_tastes[:, 0].copy())
    for step in range(times.shape[1]):
        active = np.flatnonzero(lengths > step)
        opening = active[session_starts[active, step]]
        walk.taste[opening] = own_tastes[opening, rng.integers(0, regime.tastes_per_user, len(opening))]
        walk.history[active, step] = _step(walk, active, step, times[active, step])
    return walk.history


def _step(walk: _Walk, users: Ints, step: int, now: Ints) -> Ints:
    kinds = _kinds(walk.regime, len(users), step, walk.rng)
    chosen = walk.propose(kinds, users, step, now)
    for attempt in range(REDRAWS):
        again = np.flatnonzero(walk.refused(chosen, kinds, users, step, now))
        if not len(again):
            break
        if attempt:  # the first redraw keeps the kind: another successor, another item of the same taste
            kinds[again] = TASTE if attempt < REDRAWS - 1 else EXPLORE
        chosen[again] = walk.propose(kinds[again], users[again], step, now[again])
    unborn = np.flatnonzero(walk.catalogue.arrival[chosen] > now)
    oldest = walk.catalogue.by_arrival[: max(1, int((walk.catalogue.arrival < 0).sum()))]
    chosen[unborn] = oldest[walk.rng.integers(0, len(oldest), len(unborn))]
    return chosen


def _kinds(regime: Regime, count: int, step: int, rng: np.random.Generator) -> Ints:
    shares = np.array([regime.follow, regime.repeat, regime.novelty, regime.explore])
    kinds = np.searchsorted(np.cumsum(shares), rng.random(count), side="right")
    return np.where((step == 0) & (kinds <= REPEAT), TASTE, kinds)  # nothing to follow or repeat yet


def _log(regime: Regime, lengths: Ints, times: Ints, items: Ints) -> pd.DataFrame:
    happened = np.arange(times.shape[1]) < lengths[:, None]
    users = np.broadcast_to(np.arange(1, len(lengths) + 1)[:, None], times.shape)
    stamps = EPOCH + times[happened]
    order = np.argsort(stamps, kind="stable")  # before the cut to days, so that ties keep the true order
    stamps = stamps - stamps % DAY if regime.day_granular else stamps
    return pd.DataFrame(
        {"user": users[happened][order], "item": items[happened][order] + 1, "timestamp": stamps[order]}
    )
