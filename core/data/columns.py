"""Which column is the user, which the item, which the time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.data.findings import Finding, ImportFailed
from core.data.formats import Format
from core.data.timestamps import is_date, is_recent, looks_like_time

ROLES = ("user", "item", "timestamp", "event", "rating")
REQUIRED = ("user", "item")
# In order of preference, written without case, underscores and RecBole's `:type`.
NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        *("user", "userid", "uid", "reviewerid", "customerid", "visitorid", "clientid", "memberid", "accountid"),
        *("buyerid", "personid", "profileid", "useridx", "userindex", "customer", "visitor", "reviewer", "profile"),
        *("session", "sessionid", "sid"),
    ),
    "item": (
        *("item", "itemid", "iid", "parentasin", "asin", "productid", "movieid", "articleid", "sku", "trackid"),
        *("songid", "artistid", "bookid", "isbn", "businessid", "venueid", "poiid", "locationid", "gameid", "newsid"),
        *("aid", "contentid", "listingid", "recipeid", "videoid", "adid", "courseid", "itemidx", "itemindex"),
        *("items", "itemids", "product", "movie", "article", "track", "song", "book"),
    ),
    "timestamp": (
        *("timestamp", "timestamps", "ts", "time", "unixreviewtime", "datetime", "date", "eventtime", "createdat"),
        *("unixtime", "tdat", "epoch", "interactiontime", "viewedat", "utctime", "reviewtime", "timestampms"),
    ),
    "event": ("event", "eventtype", "action", "actiontype", "behavior", "behaviour", "behaviortype", "type"),
    "rating": ("rating", "ratings", "overall", "score", "stars", "reviewrating"),
}
TITLE_NAMES: dict[str, tuple[str, ...]] = {
    "item": NAMES["item"],
    "title": ("title", "itemtitle", "movietitle", "producttitle", "name", "itemname", "productname", "prodname"),
}
MAX_EVENT_TYPES = 20
ASIN = re.compile(r"(B0[0-9A-Z]{8}|\d{9}[\dX])$")
AMAZON_USER = re.compile(r"A[0-9A-Z]{9,20}$")


def plain(name: str) -> str:
    """A column's name as the tables above write it: the last part of `events[.aid`, no case, no type."""
    name = name.rpartition("[.")[2].split(":")[0]
    return re.sub(r"[^a-z0-9]", "", name.lower())


def is_column(name: str) -> bool:
    return any(plain(name) in known for known in NAMES.values())


def is_title_column(name: str) -> bool:
    return any(plain(name) in known for known in TITLE_NAMES.values())


def by_name(names: Sequence[str], known: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Role -> column, the preferred name first; a column serves one role."""
    written = {plain(name): name for name in reversed(names)}
    found: dict[str, str] = {}
    for role, wanted in known.items():
        for name in wanted:
            if name in written and written[name] not in found.values():
                found[role] = written[name]
                break
    return found


def roles_of(form: Format, file: str, chosen: Mapping[str, str] | None) -> tuple[dict[str, str], list[Finding]]:
    """Role -> column of a file. Raises ImportFailed, naming the columns there are, when user or item is unclear."""
    if form.kind == "sequences":
        return {"user": "first word of the line", "item": "the words that follow"}, []
    notes: list[Finding] = []
    found = by_name(form.names, NAMES) if form.has_header else _by_value(form, notes)
    if form.has_header and "timestamp" not in found and "timestamp" not in (chosen or {}):
        taken = {*found.values(), *(chosen or {}).values()}
        if time := [name for name in form.names if name not in taken and _mostly(is_recent, _sampled(form, name))]:
            found["timestamp"] = time[0]
            notes.append(_guessed({"timestamp": time[0]}))
    if form.has_header and not chosen and not set(REQUIRED) <= set(found) and len(form.names) <= 3:
        found = _by_value(form, notes)
        notes.append(_guessed(found))
    for role, name in (chosen or {}).items():
        _check_choice(role, name, form, file)
        found = {each: column for each, column in found.items() if column != name} | {role: name}
    if missing := [role for role in REQUIRED if role not in found]:
        raise ImportFailed(
            f"{file}: no column for the {' and the '.join(missing)} was found among {', '.join(form.names)}; "
            "name them, e.g. --columns user=NAME,item=NAME,timestamp=NAME"
        )
    return {role: found[role] for role in ROLES if role in found}, notes


def _check_choice(role: str, name: str, form: Format, file: str) -> None:
    if role not in ROLES:
        raise ImportFailed(f"{role!r} is no role of a column; the roles are {', '.join(ROLES)}")
    if name not in form.names:
        raise ImportFailed(f"{file} has no column {name!r}; its columns are {', '.join(form.names)}")


def _guessed(found: Mapping[str, str]) -> Finding:
    shown = ", ".join(f"{role}={name}" for role, name in found.items())
    return Finding("columns_guessed", "warning", f"read by its values, not by its name: {shown}; check the preview")


def _by_value(form: Format, notes: list[Finding]) -> dict[str, str]:
    """Roles of unnamed columns: time and event type by their values, then user, item, rating in that order.

    Fits MovieLens, Amazon's ratings-only files (of 2018, where the item comes first), YooChoose and Taobao.
    """
    columns = {name: _sampled(form, name) for name in form.names}
    found: dict[str, str] = {}
    # Ids of nine digits look like epoch times too; those stand behind user and item, dates stand anywhere.
    time = [
        name
        for n, (name, values) in enumerate(columns.items())
        if _mostly(is_date, values) or (n >= 2 and _mostly(looks_like_time, values))
    ]
    if time and len(form.names) > 2:
        found["timestamp"] = time[-1]
    rest = [name for name in form.names if name not in found.values()]
    if len(rest) >= 2 and _mostly(ASIN.match, columns[rest[0]]) and _mostly(AMAZON_USER.match, columns[rest[1]]):
        rest[:2] = rest[1], rest[0]
        notes.append(Finding("item_first", "info", "the item stands before the user, as in Amazon's 2018 ratings"))
    found |= dict(zip(REQUIRED, rest, strict=False))
    for name in rest[2:]:
        if "event" not in found and _is_event(columns[name]):
            found["event"] = name
        elif "rating" not in found and _mostly(_is_rating, columns[name]) and len(rest) == 3:
            found["rating"] = name
    return found


def _sampled(form: Format, name: str) -> list[str]:
    at = form.names.index(name)
    return [row[at] for row in form.sample if len(row) > at]


def _mostly(test: object, values: Sequence[str]) -> bool:
    assert callable(test)
    return bool(values) and sum(bool(test(value)) for value in values) >= 0.9 * len(values)


def _is_rating(value: str) -> bool:
    return bool(re.match(r"-?\d{1,3}(\.\d+)?$", value.strip()))


def _is_event(values: Sequence[str]) -> bool:
    distinct = set(values)
    return len(distinct) <= MAX_EVENT_TYPES and all(re.match(r"[A-Za-z][\w -]*$", value) for value in distinct)
