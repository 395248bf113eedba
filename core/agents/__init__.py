"""Who plans trials and reflects on them."""
