"""The one-page report of a study: what improved, how sure it is, what it cost, what was ruled out."""
