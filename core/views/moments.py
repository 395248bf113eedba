"""Points in time and waiting times as a person reads them, in the viewer's zone."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.clock import in_utc


def zone_named(name: str | None) -> tzinfo:
    """The zone a browser names; UTC when it names none, or one that this machine does not know."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def moment(at: float, now: float, zone: tzinfo) -> str:
    """`09:58` today, `20 Nov 09:58` this year, `20 Nov 2025 09:58` before; seconds since the epoch."""
    then, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    clock = f"{then:%H:%M}"
    if then.date() == today.date():
        return clock
    year = "" if then.year == today.year else f" {then.year}"
    return f"{then.day} {then:%b}{year} {clock}"


def in_zone(problem: Exception, now: float, zone: tzinfo) -> str:
    """An error's text, with the time it names as people there write it."""
    at = getattr(problem, "at", None)
    return str(problem) if at is None else str(problem).replace(in_utc(at), moment(at, now, zone))


def waited(seconds: float) -> str:
    """`under a minute`, `6 min`, `2 h 5 min`, `3 days`: coarse, so that it does not flicker."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} days"
