"""Named regimes of synthetic data: many different datasets for tests, benchmarks and the embedded sample."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Regime:
    """Parameters of the generator. Shares are of all events; what they leave to 1 serves the user's tastes."""

    name: str
    says: str
    users: int
    items: int
    tastes: int  # groups of items
    mean_length: float
    span_days: int = 365
    length_spread: float = 0.6  # sigma of the log of the length
    min_length: int = 5  # survives the usual 5-core
    max_length: int = 200
    skew: float = 0.8  # Zipf exponent of popularity
    tastes_per_user: int = 2
    follow: float = 0.4
    reach: int = 2  # how many of the last items may be the source of a transition; 1 is a first-order chain
    successors: int = 4  # per item, with weights 1, 1/2, 1/3, ...
    repeat: float = 0.0
    novelty: float = 0.0
    explore: float = 0.15
    cold: float = 0.0  # share of items that arrive during the second half of the period
    session_length: float = 3.0
    day_granular: bool = False  # timestamps cut to days, as in Amazon reviews: ties

    def __post_init__(self) -> None:
        spent = self.follow + self.repeat + self.novelty + self.explore
        if min(self.follow, self.repeat, self.novelty, self.explore) < 0 or spent > 1:
            raise ValueError(f"regime {self.name}: shares of kinds of events sum to {spent:.2f}; keep them within 0..1")
        if self.items < self.tastes * (self.successors + 1):
            raise ValueError(
                f"regime {self.name}: {self.items} items are too few for {self.tastes} tastes with "
                f"{self.successors} successors; raise items or lower tastes"
            )
        if not 1 <= self.min_length <= self.max_length:
            raise ValueError(f"regime {self.name}: min_length {self.min_length} is not in 1..{self.max_length}")


_ALL = (
    Regime(
        name="sample",
        says="the embedded sample: a bit of everything, trials of seconds",
        users=5000,
        items=1000,
        tastes=12,
        mean_length=12.0,
        max_length=60,
        follow=0.5,
        reach=3,
        successors=3,
        explore=0.1,
        session_length=5.0,
    ),
    Regime(
        name="short_sparse",
        says="short histories over a large catalogue and day-granular time, like Amazon reviews",
        users=6000,
        items=3000,
        tastes=30,
        mean_length=7.5,
        length_spread=0.9,
        max_length=50,
        span_days=730,
        session_length=2.0,
        day_granular=True,
    ),
    Regime(
        name="long_dense",
        says="long histories over a small catalogue, like films",
        users=600,
        items=800,
        tastes=10,
        mean_length=110.0,
        reach=3,
        explore=0.25,
    ),
    Regime(
        name="repeat_heavy",
        says="the same items again and again, like groceries",
        users=2500,
        items=800,
        tastes=16,
        mean_length=25.0,
        span_days=180,
        repeat=0.45,
        follow=0.2,
    ),
    Regime(
        name="sequential",
        says="the next item follows from the last, like lessons or episodes",
        users=3000,
        items=1200,
        tastes=12,
        mean_length=15.0,
        follow=0.75,
        reach=1,
        explore=0.05,
    ),
    Regime(
        name="tail_heavy",
        says="a large catalogue of flat popularity: most events fall in the long tail",
        users=4000,
        items=8000,
        tastes=60,
        mean_length=12.0,
        skew=0.25,
        explore=0.1,
    ),
    Regime(
        name="cold",
        says="items keep arriving and the new ones are wanted, like news or fashion",
        users=3000,
        items=1500,
        tastes=16,
        mean_length=12.0,
        cold=0.5,
        novelty=0.3,
        follow=0.3,
        explore=0.1,
    ),
)
REGIMES: dict[str, Regime] = {regime.name: regime for regime in _ALL}


def named(regime: Regime | str) -> Regime:
    if isinstance(regime, Regime):
        return regime
    if regime not in REGIMES:
        raise KeyError(f"no regime {regime!r}; there are {', '.join(REGIMES)}")
    return REGIMES[regime]
