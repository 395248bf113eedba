"""The knobs of training, the same for every backbone. Imports no torch."""

from dataclasses import dataclass

from recmodels.space import Config, choice, float_range, int_range, log_range


@dataclass(frozen=True)
class TrainingConfig(Config):
    """Defaults: optimiser, rate and batch of SASRec (arXiv 1808.09781); loss and temperature of the sampled-softmax
    SASRec that accompanies HSTU (arXiv 2402.17152)."""

    lr: float = log_range(1e-3, low=1e-4, high=1e-2, help="learning rate")
    weight_decay: float = float_range(0.0, low=0.0, high=0.1, help="pull of the weights to zero (L2 in adam)")
    optimizer: str = choice("adam", options=("adam", "adamw"), help="adamw decays weights apart from the gradient")
    batch_size: int = choice(128, options=(32, 64, 128, 256, 512, 1024), help="histories in one step")
    train_targets: str = choice(
        "all_positions", options=("all_positions", "last_position"), help="predict every next event or only the last"
    )
    train_windows: str = choice(
        "last", options=("last", "all"), help="learn from the last max_len events or from all, cut into windows"
    )
    loss: str = choice(
        "sampled_softmax", options=("sampled_softmax", "full_softmax"), help="rivals of the target: a sample or all"
    )
    negatives: int = int_range(
        256, low=16, high=4096, log=True, when=("loss", ("sampled_softmax",)), help="sampled rivals of each target"
    )
    temperature: float = log_range(
        0.05, low=0.01, high=1.0, when=("embedding_norm", ("l2",)), help="divides cosine scores; low is sharper"
    )
    early_stop_patience: int = int_range(10, low=1, high=50, help="epochs without a better objective before stopping")
