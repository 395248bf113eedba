"""Sequential recommenders: models, losses, metrics, evaluation, training. Knows nothing of studies.

`space`, `registry`, `errors`, `ranking.metrics` and the `*_config` files import no torch.
"""

__version__ = "0.1.0"
