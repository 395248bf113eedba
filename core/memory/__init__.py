"""The memory's policy: what becomes a lesson, which lessons are found, what they have earned."""
