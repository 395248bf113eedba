"""What packs of other homes brought: the profiles their lessons were learned on, and what their trials said."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select

from core.memory.records import ForeignEvidence, ForeignProfile
from core.store import schema
from core.store.lessons import restate_effect
from core.store.part import Part

_evidence = schema.foreign_evidence
_profiles = schema.foreign_profiles


class Foreign(Part):
    """Rows of `foreign_evidence` and `foreign_profiles`."""

    def add_evidence(self, each: ForeignEvidence) -> bool:
        """Keep what a trial elsewhere said; False when it is known already, and then nothing changes."""
        mine = (_evidence.c.lesson_id == each.lesson_id, _evidence.c.origin == each.origin)
        with self.database.write() as connection:
            if connection.execute(select(_evidence.c.origin).where(*mine)).first():
                return False
            connection.execute(insert(_evidence).values(vars(each)))
            restate_effect(connection, each.lesson_id)
        return True

    def evidence(self, lesson_id: int) -> list[ForeignEvidence]:
        """What trials of other homes said of a lesson."""
        query = select(_evidence).where(_evidence.c.lesson_id == lesson_id).order_by(_evidence.c.at, _evidence.c.origin)
        return self._all(ForeignEvidence, query)

    def add_profile(self, id: str, name: str, lineage: str, profile: Mapping[str, Any], pack: str) -> bool:
        """Keep the profile of a dataset that is not here; False when it is known already."""
        row = {"id": id, "name": name, "lineage": lineage, "profile": dict(profile), "pack": pack}
        with self.database.write() as connection:
            if connection.execute(select(_profiles.c.id).where(_profiles.c.id == id)).first():
                return False
            connection.execute(insert(_profiles).values({**row, "at": self.clock.now()}))
        return True

    def profiles(self) -> list[ForeignProfile]:
        """Every profile that a pack brought."""
        return self._all(ForeignProfile, select(_profiles).order_by(_profiles.c.at, _profiles.c.id))
