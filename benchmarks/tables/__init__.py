"""Tables of whole grids: every cell trained to its end, so that agents can race without training anything."""
