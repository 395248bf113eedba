"""Sequential recommenders: models, losses, metrics, evaluation, training. Knows nothing of studies.

This module and `space`, `registry`, `errors`, `metrics` and the `*_config` files import no torch.
"""
