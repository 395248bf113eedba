"""A user's history as rows of a table."""

from datetime import datetime, tzinfo

from core.data.sequences import Sequence


def event_rows(seen: Sequence, zone: tzinfo) -> list[dict[str, object]]:
    """Oldest first; columns that say nothing in this dataset are left out."""
    timed = any(event.time is not None for event in seen.events)
    titled = any(event.title for event in seen.events)
    context = any(not event.is_target for event in seen.events)
    rows = []
    for place, event in enumerate(seen.events, seen.left_out + 1):
        row: dict[str, object] = {"#": place}
        if timed:
            at = None if event.time is None else datetime.fromtimestamp(event.time, zone)
            row["time"] = "–" if at is None else f"{at:%Y-%m-%d %H:%M}"
        row["item"] = event.raw
        if titled:
            row["title"] = event.title or "–"
        if context:
            row["predicted"] = "yes" if event.is_target else "context"
        rows.append(row)
    return rows
