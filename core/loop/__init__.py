"""plan -> decide -> run -> observe -> reflect -> remember, one small step at a time."""
