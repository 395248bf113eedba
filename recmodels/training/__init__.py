"""Training one model: fit() yields epochs; batches, losses, optimisers, schedules and checkpoints stand behind it."""
