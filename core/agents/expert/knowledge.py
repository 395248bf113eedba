"""What the literature says of each axis, before any trial: expected relative change, its spread, and why.

Written down before any benchmark table of ours existed. An axis that is not listed gets the cautious `UNKNOWN`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Belief:
    """Expected relative change of the objective for one step on an axis, and its standard deviation."""

    mean: float
    sd: float
    mechanism: str
    cost: float = 1.0  # training time relative to the same trial without the step
    structural: bool = False

    @property
    def trains(self) -> bool:
        """Whether the step needs a training of its own; a prior's does not."""
        return self.cost != SWEEP


SWEEP = 0.2  # cost of a step that needs no training of its own
UNKNOWN = Belief(0.0, 0.02, "Its effect on this data is not known; one step shows the direction.")

# (axis, direction): direction is up, down or the option itself
BELIEFS: dict[tuple[str, str], Belief] = {
    ("lr", "up"): Belief(0.0, 0.04, "A larger step reaches the optimum in fewer epochs, until it overshoots."),
    ("lr", "down"): Belief(0.0, 0.04, "A smaller step settles deeper in the optimum and swings less.", cost=1.4),
    ("dropout", "up"): Belief(
        0.01, 0.03, "More dropout keeps few, short histories from being learned by heart (arXiv 1808.09781, 4.2)."
    ),
    ("dropout", "down"): Belief(0.0, 0.03, "Less dropout lets a model that still learns use its width."),
    ("attn_dropout", "up"): Belief(0.0, 0.015, "Attention that cannot lean on one past item generalises to others."),
    ("attn_dropout", "down"): Belief(0.0, 0.015, "Undisturbed attention keeps the strongest past item in view."),
    ("weight_decay", "up"): Belief(0.0, 0.02, "A pull to zero holds back vectors of items seen only a few times."),
    ("weight_decay", "down"): Belief(0.0, 0.02, "Without the pull to zero rare items keep distinct vectors."),
    ("hidden_dim", "up"): Belief(
        0.02, 0.03, "Wider item vectors separate more items; the gain fades with size (arXiv 1808.09781, 4.5).", 1.7
    ),
    ("hidden_dim", "down"): Belief(-0.01, 0.03, "Narrower vectors have less room to learn by heart.", 0.6),
    ("num_blocks", "up"): Belief(0.0, 0.02, "A further block relates items through others in between.", 1.4),
    ("num_blocks", "down"): Belief(
        0.0, 0.02, "Short histories have little to relate; one block less trains faster.", 0.7
    ),
    ("num_heads", "up"): Belief(0.0, 0.015, "Several heads follow several interests at once."),
    ("num_heads", "down"): Belief(0.0, 0.015, "One head spends the whole width on one relation (arXiv 1808.09781)."),
    ("linear_ratio", "up"): Belief(0.003, 0.015, "A wider feed-forward layer mixes features more freely.", 1.2),
    ("linear_ratio", "down"): Belief(0.0, 0.015, "A narrower feed-forward layer learns less by heart.", 0.9),
    ("ffn", "gelu"): Belief(0.002, 0.012, "A smooth non-linearity passes small signals."),
    ("ffn", "swiglu"): Belief(0.004, 0.015, "A gate decides per feature what passes (arXiv 2002.05202).", 1.1),
    ("ffn", "relu"): Belief(0.0, 0.012, "The plain non-linearity is sparser."),
    ("max_len", "up"): Belief(0.0, 0.02, "A longer view reaches older interests.", 1.3),
    ("max_len", "down"): Belief(-0.005, 0.02, "A shorter view drops what has gone stale.", 0.8),
    ("position", "none"): Belief(
        -0.01, 0.03, "Causal attention alone tells order to some degree; fewer weights to learn.", structural=True
    ),
    ("position", "learned"): Belief(0.005, 0.03, "A vector per distance to now weighs recent items.", structural=True),
    ("position", "relative"): Belief(
        0.005, 0.025, "A bias per distance between two events needs few weights (arXiv 1910.10683).", 1.1, True
    ),
    ("position", "both"): Belief(
        0.005, 0.025, "Vectors for the distance to now, biases for that between events (arXiv 2402.17152).", 1.1, True
    ),
    ("position", "rotary"): Belief(
        0.003, 0.025, "Turned queries and keys see distances without a weight to learn (arXiv 2104.09864).", 1.1, True
    ),
    ("pooling", "up"): Belief(
        0.0, 0.02, "The mean of the latest states is steadier where single events are noise.", structural=True
    ),
    ("pooling", "down"): Belief(0.0, 0.02, "A state of fewer events follows the latest interest more closely."),
    ("shared_blocks", "True"): Belief(
        -0.003, 0.015, "Shared blocks hold fewer weights to learn by heart (arXiv 1909.11942).", structural=True
    ),
    ("shared_blocks", "False"): Belief(0.003, 0.015, "Blocks of their own may specialise.", structural=True),
    ("attention_dim", "up"): Belief(0.0, 0.015, "Wider queries and keys tell more kinds of likeness apart.", 1.2),
    ("attention_dim", "down"): Belief(0.0, 0.015, "Narrower queries and keys match more coarsely, and faster.", 0.9),
    ("linear_dim", "up"): Belief(0.005, 0.015, "Wider values and gates carry more of each event.", 1.2),
    ("linear_dim", "down"): Belief(-0.003, 0.015, "Narrower values and gates learn less by heart.", 0.9),
    ("time_bias", "True"): Belief(
        0.02, 0.03, "Hours and months between events weigh more than their order alone (arXiv 2402.17152).", 1.2, True
    ),
    ("time_bias", "False"): Belief(-0.01, 0.03, "Where times are coarse their bias is noise.", 0.9, True),
    ("embedding_norm", "none"): Belief(
        0.0, 0.06, "Inner products let popular items grow long vectors, a popularity prior of its own.", structural=True
    ),
    ("embedding_norm", "l2"): Belief(
        0.0, 0.06, "Cosine scores keep popular items from winning by length (arXiv 2402.17152).", structural=True
    ),
    ("tied_embeddings", "False"): Belief(
        -0.03, 0.04, "Separate tables for reading and scoring double what sparse data must fit.", 1.1, True
    ),
    ("tied_embeddings", "True"): Belief(0.02, 0.04, "One table for reading and scoring halves what must be fitted."),
    ("optimizer", "adamw"): Belief(0.0, 0.01, "Decay apart from the gradient acts alike on rare and frequent items."),
    ("optimizer", "adam"): Belief(0.0, 0.01, "Decay through the gradient acts least on rare items."),
    ("optimizer", "lion"): Belief(
        -0.005,
        0.03,
        "Steps of equal size by sign need another rate; rare items move as far as frequent ones (2302.06675).",
    ),
    ("schedule", "cosine"): Belief(
        0.005, 0.015, "A falling rate settles, if the run lasts as long as planned (arXiv 1608.03983)."
    ),
    ("schedule", "linear"): Belief(0.004, 0.015, "A rate that falls evenly settles, if the run lasts as planned."),
    ("schedule", "constant"): Belief(0.0, 0.015, "A constant rate does not depend on when the run ends."),
    ("warmup", "up"): Belief(0.0, 0.01, "A slow start spares attention the first, noisy gradients (arXiv 2002.04745)."),
    ("warmup", "down"): Belief(0.0, 0.01, "A quick start saves epochs; pre-norm blocks bear it (arXiv 2002.04745)."),
    ("clip_norm", "up"): Belief(0.0, 0.01, "A bound on the gradient keeps rare, wild batches from undoing progress."),
    ("clip_norm", "down"): Belief(0.0, 0.01, "Without the bound large gradients take full effect."),
    ("batch_size", "up"): Belief(-0.005, 0.025, "Larger batches give calmer steps and fewer of them.", 0.8),
    ("batch_size", "down"): Belief(0.005, 0.025, "Smaller batches take more, noisier steps in each epoch.", 1.4),
    ("train_targets", "last_position"): Belief(
        -0.05,
        0.05,
        "Only the last event is a target: the training looks like the test, on far fewer examples.",
        0.8,
        True,
    ),
    ("train_targets", "all_positions"): Belief(0.04, 0.05, "Every event is a target: many more examples (1808.09781)."),
    ("train_windows", "all"): Belief(0.01, 0.02, "Events beyond the window become training examples too.", 1.3),
    ("train_windows", "last"): Belief(0.0, 0.02, "Only recent events are learned from."),
    ("recency_decay", "up"): Belief(
        0.005, 0.025, "Targets near now look most like the one to predict; older ones teach less.", structural=True
    ),
    ("recency_decay", "down"): Belief(0.0, 0.02, "Older targets are examples too."),
    ("popularity_discount", "up"): Belief(
        -0.01, 0.03, "Rare targets get a say; metrics that count every user alike may fall.", structural=True
    ),
    ("popularity_discount", "down"): Belief(0.005, 0.02, "Popular targets count as often as they come."),
    ("event_type_discount", "up"): Belief(
        0.0, 0.03, "Rare types of events, such as purchases, get a say beside the many others.", structural=True
    ),
    ("event_type_discount", "down"): Belief(0.0, 0.02, "Every type of event is an example, as often as it comes."),
    ("loss", "bce"): Belief(
        -0.04, 0.05, "Judging each item alone is over-confident under sampled rivals (2308.07192).", 0.9, True
    ),
    ("loss", "gbce"): Belief(
        0.0, 0.04, "Binary losses without the over-confidence reach the softmax (arXiv 2308.07192).", structural=True
    ),
    ("loss", "full_softmax"): Belief(
        0.02, 0.04, "Against the whole catalogue no rival is missed (arXiv 2309.07602).", 2.5, True
    ),
    ("loss", "sampled_softmax"): Belief(-0.01, 0.03, "Sampled rivals regularise and cost less.", 0.5, True),
    ("negatives", "up"): Belief(
        0.02, 0.025, "More rivals per target approach the full softmax and its calibration (arXiv 2308.07192).", 1.3
    ),
    ("negatives", "down"): Belief(-0.01, 0.02, "Fewer rivals regularise.", 0.8),
    ("negative_sharing", "position"): Belief(
        0.003, 0.015, "Rivals of its own make each target's gradient independent.", 5.0, True
    ),
    ("negative_sharing", "block"): Belief(0.0, 0.015, "Some dozen targets share rivals at little loss.", 0.5),
    ("negative_sharing", "batch"): Belief(
        -0.02, 0.03, "One set of rivals for the whole batch shows fewer items in each step.", 0.8, True
    ),
    ("negative_sampling", "up"): Belief(
        0.0, 0.04, "Popular rivals are harder, and hold popular items down (arXiv 1706.03847).", structural=True
    ),
    ("negative_sampling", "down"): Belief(0.0, 0.03, "Rivals nearer to uniform leave popular items their lead."),
    ("logq", "True"): Belief(
        0.0, 0.03, "Corrected for its chances, a sample estimates the full softmax (Bengio and Senecal 2008)."
    ),
    ("logq", "False"): Belief(0.0, 0.03, "Uncorrected, the target keeps a margin over its rivals."),
    ("gbce_t", "up"): Belief(0.005, 0.02, "Nearer to 1 the probabilities are calibrated (arXiv 2308.07192)."),
    ("gbce_t", "down"): Belief(-0.005, 0.02, "Nearer to 0 the loss trains faster and is over-confident (2308.07192)."),
    ("temperature", "up"): Belief(0.0, 0.04, "A softer target spreads the gradient over more rivals."),
    ("temperature", "down"): Belief(0.0, 0.04, "A sharper target makes the hardest rivals count most."),
    ("early_stop_patience", "up"): Belief(0.003, 0.008, "A longer wait passes flat stretches of the curve.", 1.3),
    ("early_stop_patience", "down"): Belief(-0.004, 0.008, "A shorter wait saves time only.", 0.8),
    # priors act after training, so that such a step costs a sweep of their strengths alone
    ("priors", "all"): Belief(0.07, 0.05, "Counts of the training part and the model err differently.", SWEEP, True),
    ("priors", "transition"): Belief(  # this and the next two beside all, which comes first
        0.005, 0.02, "What followed the latest items before tells short histories most (FPMC, 2010).", SWEEP, True
    ),
    ("priors", "cooccurrence"): Belief(
        -0.02, 0.03, "Items bought together say what a sparse model has not learned.", SWEEP, True
    ),
    ("priors", "popularity"): Belief(
        -0.05, 0.03, "Popularity lifts users whose history says little.", SWEEP, structural=True
    ),
    ("priors", "none"): Belief(-0.05, 0.05, "The model's own scores alone.", SWEEP, True),
    ("prior_use", "rerank"): Belief(-0.003, 0.01, "Only what the model ranks high is reordered.", SWEEP),
    ("prior_use", "add"): Belief(0.003, 0.01, "An item the model ranks low can be lifted by its links.", SWEEP),
    ("rerank_top", "up"): Belief(0.003, 0.01, "More of the model's list can be lifted.", SWEEP),
    ("rerank_top", "down"): Belief(-0.003, 0.01, "The model decides more of the list.", SWEEP),
    ("prior_window", "up"): Belief(0.005, 0.015, "Links over some events in between are less sparse.", SWEEP),
    ("prior_window", "down"): Belief(-0.005, 0.015, "Only close events are linked (arXiv 1803.09587).", SWEEP),
    ("prior_neighbours", "up"): Belief(0.001, 0.006, "Weak links are kept too.", SWEEP),
    ("prior_neighbours", "down"): Belief(0.0, 0.006, "Links seen once or twice are noise.", SWEEP),
    ("prior_recency", "up"): Belief(0.0, 0.012, "Older items of the history speak louder.", SWEEP),
    ("prior_recency", "down"): Belief(0.0, 0.012, "The latest items decide.", SWEEP),
    ("prior_normalisation", "none"): Belief(0.0, 0.015, "Often seen links count by how often.", SWEEP),
    ("prior_normalisation", "cosine"): Belief(
        0.0, 0.015, "Links of popular items are discounted on both sides (Sarwar et al. 2001).", SWEEP
    ),
    ("prior_normalisation", "conditional"): Belief(
        0.0, 0.015, "A link is the chance of the next item given the earlier one.", SWEEP
    ),
}


def belief(axis: str, direction: str) -> Belief:
    """What is believed of a step before any evidence."""
    return BELIEFS.get((axis, direction), UNKNOWN)


def joint_cost(beliefs: Sequence[Belief]) -> float:
    """Training time of several steps together, as `Belief.cost`; a sweep comes with a training for nothing."""
    trained = [each.cost for each in beliefs if each.trains]
    return math.prod(trained) if trained else SWEEP
