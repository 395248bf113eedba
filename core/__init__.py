"""The domain: studies, the loop, agents, memory, storage, worker, data preparation."""
