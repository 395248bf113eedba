"""What a memory pack would bring, before anything is written; and this home's memory as a pack."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.memory.pack_file import Pack, pack_bytes, read_pack
from core.memory.packing import pack_memory
from core.memory.records import Lesson
from core.memory.unpacking import BOTH, DIFFERS, NEW, OURS, REFUSED, SAME, THEIRS, Arrival, Taken, Unpacking
from core.uploads import Uploads
from core.views.lessons import FIELD_WORDS, field_words, shortened
from core.workspace import Workspace

NAME = "memory.zip"
CHOICES = {OURS: "keep ours", THEIRS: "take theirs", BOTH: "keep both"}
LONGEST = 120  # characters of a claim


@dataclass(frozen=True)
class Differing:
    """A lesson that both homes know and that says another thing there, at the revision that was looked at."""

    uid: str
    revision: int
    claim: str
    fields: str
    is_locked: bool

    @property
    def choices(self) -> Mapping[str, str]:
        """What may be done; a lock holds against packs too."""
        return {name: words for name, words in CHOICES.items() if name != THEIRS or not self.is_locked}


@dataclass(frozen=True)
class Incoming:
    """A pack as a file, and in numbers and words what it would do here; `archived` are known and out of use here."""

    pack: Pack
    new: tuple[str, ...]
    same: int
    archived: tuple[str, ...]
    differing: tuple[Differing, ...]
    refused: tuple[str, ...]

    @property
    def in_short(self) -> str:
        """`3 new, 2 known, 1 known and archived here, 1 differs, 1 refused`."""
        archived = f"{len(self.archived)} known and archived here, " if self.archived else ""
        differs = "1 differs" if len(self.differing) == 1 else f"{len(self.differing)} differ"
        return f"{len(self.new)} new, {self.same} known, {archived}{differs}, {len(self.refused)} refused"


@dataclass(frozen=True)
class Brought:
    """What was taken; `kept` are lessons whose choice was not followed, since they were changed here meanwhile."""

    taken: Taken
    kept: tuple[str, ...]


def incoming(parts: Workspace, name: str, content: bytes | memoryview) -> Incoming:
    """Looks, writes nothing. Raises InvalidInput for what is no pack, StorageFailed."""
    uploads = Uploads(parts.settings.home)
    kept = uploads.keep(name, content)
    try:
        pack = read_pack(kept)
    finally:
        uploads.drop(kept)
    arrivals = Unpacking(parts.store).look(pack)
    return Incoming(
        pack=pack,
        new=tuple(_claim(each) for each in arrivals if each.state == NEW),
        same=sum(each.state == SAME and not is_archived(each) for each in arrivals),
        archived=tuple(_claim(each) for each in arrivals if each.state == SAME and is_archived(each)),
        differing=tuple(_differing(each, each.ours) for each in arrivals if each.state == DIFFERS and each.ours),
        refused=tuple(f"{_claim(each)}: {each.reason}" for each in arrivals if each.state == REFUSED),
    )


def bring_in(parts: Workspace, seen: Incoming, choices: Mapping[str, str], actor: str) -> Brought:
    """Take the pack; `choices`, one of CHOICES by uid, are for lessons that differ, ours where none was made.

    A lesson that was changed after it was looked at stays as it is. Raises InvalidInput, StorageFailed, Conflict.
    """
    revisions, kept = {each.uid: each.revision for each in seen.differing}, list[str]()

    def choose(arrival: Arrival) -> str:
        uid = str(arrival.row["uid"])
        choice = choices.get(uid, OURS)
        if arrival.ours is None or arrival.ours.revision == revisions.get(uid):
            return choice
        if choice != OURS or uid not in revisions:
            kept.append(shortened(arrival.ours.claim, LONGEST))
        return OURS

    taken, _ = Unpacking(parts.store).take(seen.pack, actor, choose)
    return Brought(taken, tuple(kept))


def is_archived(arrival: Arrival) -> bool:
    """Whether the one here is out of use: what arrives does not bring it back."""
    return arrival.ours is not None and arrival.ours.status == "archived"


def packed(parts: Workspace, actor: str) -> bytes:
    """What this home knows of datasets and across them, as a file."""
    return pack_bytes(pack_memory(parts.store, NAME, actor))


def _claim(arrival: Arrival) -> str:
    return shortened(arrival.claim or "a lesson without a claim", LONGEST)


def _differing(arrival: Arrival, ours: Lesson) -> Differing:
    fields = "; ".join(
        f"{FIELD_WORDS[name]}: {_said(name, here)} here, {_said(name, there)} there"
        for name, here, there in arrival.differences
    )
    uid, claim = str(arrival.row["uid"]), _claim(arrival)
    return Differing(uid, ours.revision, claim, shortened(fields, 3 * LONGEST), ours.locked)


def _said(name: str, value: object) -> str:
    return shortened(field_words(name, value), LONGEST) or "none"
