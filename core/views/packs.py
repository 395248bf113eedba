"""What a memory pack would bring, before anything is written; and this home's memory as a pack."""

from dataclasses import dataclass

from core.memory.pack_file import Pack, pack_bytes, read_pack
from core.memory.packing import pack_memory
from core.memory.unpacking import BOTH, DIFFERS, NEW, OURS, REFUSED, SAME, THEIRS, Arrival, Taken, Unpacking
from core.uploads import Uploads
from core.views.lessons import shortened
from core.workspace import Workspace

NAME = "memory.zip"
CHOICES = {OURS: "keep ours", THEIRS: "take theirs", BOTH: "keep both"}
LONGEST = 120  # characters of a claim


@dataclass(frozen=True)
class Incoming:
    """A pack as a file, and in numbers and words what it would do here."""

    pack: Pack
    new: tuple[str, ...]
    same: int
    differing: tuple[str, ...]
    refused: tuple[str, ...]

    @property
    def in_short(self) -> str:
        """`3 new, 2 known, 1 differs, 1 refused`."""
        differs = "1 differs" if len(self.differing) == 1 else f"{len(self.differing)} differ"
        return f"{len(self.new)} new, {self.same} known, {differs}, {len(self.refused)} refused"


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
        same=sum(each.state == SAME for each in arrivals),
        differing=tuple(_difference(each) for each in arrivals if each.state == DIFFERS),
        refused=tuple(f"{_claim(each)}: {each.reason}" for each in arrivals if each.state == REFUSED),
    )


def bring_in(parts: Workspace, seen: Incoming, choice: str, actor: str) -> Taken:
    """Take the pack; `choice`, one of CHOICES, is for every lesson that differs. Raises InvalidInput, StorageFailed."""
    taken, _ = Unpacking(parts.store).take(seen.pack, actor, lambda arrival: choice)
    return taken


def packed(parts: Workspace, actor: str) -> bytes:
    """What this home knows of datasets and across them, as a file."""
    return pack_bytes(pack_memory(parts.store, NAME, actor))


def _claim(arrival: Arrival) -> str:
    return shortened(arrival.claim or "a lesson without a claim", LONGEST)


def _difference(arrival: Arrival) -> str:
    fields = "; ".join(
        f"{name} {_said(ours)} here, {_said(theirs)} there" for name, ours, theirs in arrival.differences
    )
    return f"{_claim(arrival)}: {shortened(fields, 2 * LONGEST)}"


def _said(value: object) -> str:
    return "none" if value in (None, "") else shortened(str(value), LONGEST)
