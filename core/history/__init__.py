"""Past runs of other tools, read as an audit: their numbers carry no stamp, so they never compete with trials."""
