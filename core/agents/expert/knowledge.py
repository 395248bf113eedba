"""What the literature says of each axis, before any trial: expected relative change, its spread, and why.

Written down before any benchmark table of ours existed. An axis that is not listed gets the cautious `UNKNOWN`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Belief:
    """Expected relative change of the objective for one step on an axis, and its standard deviation."""

    mean: float
    sd: float
    mechanism: str
    cost: float = 1.0  # training time relative to the same trial without the step
    structural: bool = False


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
    ("loss", "full_softmax"): Belief(
        0.02, 0.04, "Against the whole catalogue no rival is missed (arXiv 2309.07602).", 2.5, True
    ),
    ("loss", "sampled_softmax"): Belief(-0.01, 0.03, "Sampled rivals regularise and cost less.", 0.5, True),
    ("negatives", "up"): Belief(
        0.02, 0.025, "More rivals per target approach the full softmax and its calibration (arXiv 2308.07192).", 1.3
    ),
    ("negatives", "down"): Belief(-0.01, 0.02, "Fewer rivals regularise.", 0.8),
    ("temperature", "up"): Belief(0.0, 0.04, "A softer target spreads the gradient over more rivals."),
    ("temperature", "down"): Belief(0.0, 0.04, "A sharper target makes the hardest rivals count most."),
    ("early_stop_patience", "up"): Belief(0.003, 0.008, "A longer wait passes flat stretches of the curve.", 1.3),
    ("early_stop_patience", "down"): Belief(-0.004, 0.008, "A shorter wait saves time only.", 0.8),
}


def belief(axis: str, direction: str) -> Belief:
    """What is believed of a step before any evidence."""
    return BELIEFS.get((axis, direction), UNKNOWN)
