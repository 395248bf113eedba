"""The knobs of training, the same for every backbone. Imports no torch."""

from dataclasses import dataclass

from recmodels.space import Config, choice, flag, float_range, int_range, log_range

SAMPLED = ("sampled_softmax", "bce", "gbce")  # losses that draw negatives


@dataclass(frozen=True)
class TrainingConfig(Config):
    """Defaults: optimiser, rate and batch of SASRec (arXiv 1808.09781); loss and temperature of the sampled-softmax
    SASRec that accompanies HSTU (arXiv 2402.17152)."""

    lr: float = log_range(1e-3, low=1e-4, high=1e-2, help="learning rate, or its peak")
    weight_decay: float = float_range(0.0, low=0.0, high=0.1, help="pull of the weights to zero (L2 in adam)")
    optimizer: str = choice(
        "adam",
        options=("adam", "adamw", "lion"),
        help="adamw decays weights apart from the gradient; lion steps by sign and wants about a fifth of the rate",
    )
    schedule: str = choice(
        "constant", options=("constant", "cosine", "linear"), help="how the rate falls over the planned epochs"
    )
    warmup: float = float_range(0.0, low=0.0, high=0.3, help="share of the planned epochs in which the rate rises")
    clip_norm: float = float_range(0.0, low=0.0, high=10.0, help="longest gradient, shortened beyond; 0 is off")
    batch_size: int = choice(128, options=(32, 64, 128, 256, 512, 1024), help="histories in one step")
    train_targets: str = choice(
        "all_positions", options=("all_positions", "last_position"), help="predict every next event or only the last"
    )
    train_windows: str = choice(
        "last", options=("last", "all"), help="learn from the last max_len events or from all, cut into windows"
    )
    recency_decay: float = float_range(
        0.0, low=0.0, high=0.5, help="share of its weight that a target loses with each later event; 0: all alike"
    )
    popularity_discount: float = float_range(
        0.0, low=0.0, high=1.0, help="a target counts by its item's popularity to minus this power; 0: all alike"
    )
    event_type_discount: float = float_range(
        0.0,
        low=0.0,
        high=1.0,
        help="a target counts by its event type's share of targets to minus this power: 1 lets all purchases weigh as "
        "much as all clicks; 0: all alike",
    )
    loss: str = choice(
        "sampled_softmax",
        options=("sampled_softmax", "full_softmax", "bce", "gbce"),
        help="rivals of the target: a sample or all; bce asks of each item alone, gbce without over-confidence, both "
        "with scores shifted by the log odds of a target, which their papers do not do",
    )
    negatives: int = int_range(256, low=16, high=4096, log=True, when=("loss", SAMPLED), help="sampled rivals")
    negative_sharing: str = choice(
        "block",
        options=("position", "block", "batch"),
        when=("loss", SAMPLED),
        help="who shares a sample: no one, a few dozen targets or the whole batch; less sharing learns more, slower",
    )
    negative_sampling: float = float_range(
        0.0, low=0.0, high=1.0, when=("loss", SAMPLED), help="rivals come by popularity to this power; 0: all alike"
    )
    logq: bool = flag(
        False,
        when=("loss", ("sampled_softmax",)),
        help="corrects rivals' scores for how often they are drawn, towards the full softmax",
    )
    gbce_t: float = float_range(
        0.75, low=0.0, high=1.0, when=("loss", ("gbce",)), help="1 calibrates fully against sampling, 0 is bce"
    )
    temperature: float = log_range(
        0.05, low=0.01, high=1.0, when=("embedding_norm", ("l2",)), help="divides cosine scores; low is sharper"
    )
    early_stop_patience: int = int_range(10, low=1, high=50, help="epochs without a better objective before stopping")
