"""Datasets in SQL: the card and the profile of every prepared folder."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, or_, select, update

from core.errors import Conflict, InvalidInput, NotFound
from core.records import Dataset
from core.store import schema
from core.store.part import Part, record_of

_table = schema.datasets


class Datasets(Part):
    """Rows of `datasets`."""

    def add(
        self,
        id: str,
        name: str,
        lineage: str,
        folder: str,
        card: Mapping[str, Any],
        profile: Mapping[str, Any],
        actor: str,
    ) -> Dataset:
        """Register a prepared folder; the same content again gives the row that is there, out of the archive.

        Raises Conflict when the name already belongs to other content.
        """
        with self.database.write() as connection:
            same = connection.execute(select(_table).where(_table.c.id == id)).mappings().first()
            if same:
                here = {"folder": folder, "archived_at": None}
                if any(same[key] != value for key, value in here.items()):
                    connection.execute(update(_table).where(_table.c.id == id).values(here))
                    self._note(connection, "dataset imported again", actor, {"dataset": id, "name": same["name"]})
                return dataclasses.replace(record_of(Dataset, same), folder=folder, archived_at=None)
            if connection.execute(select(_table.c.id).where(_table.c.name == name)).first():
                raise Conflict(f"a dataset named {name!r} with other content is already there; give another --name")
            row: dict[str, Any] = {"id": id, "name": name, "lineage": lineage, "folder": folder, "card": dict(card)}
            row |= {"profile": dict(profile), "created_at": self.clock.now()}
            connection.execute(insert(_table).values(row))
            self._note(connection, "dataset imported", actor, {"dataset": id, "name": name})
        return self.get(id)

    def get(self, reference: str) -> Dataset:
        """By id, name or an id's first characters. Raises NotFound, InvalidInput when ambiguous."""
        with self.database.read() as connection:
            exact = or_(_table.c.id == reference, _table.c.name == reference)
            rows = connection.execute(select(_table).where(exact)).mappings().all()
            if not rows and len(reference) >= 4:
                begins = select(_table).where(_table.c.id.startswith(reference, autoescape=True))
                rows = connection.execute(begins).mappings().all()
        if len(rows) > 1:
            raise InvalidInput(f"{reference!r} fits several datasets: {', '.join(row['name'] for row in rows)}")
        if not rows:
            names = (
                ", ".join(d.name for d in self.all()) or "none yet; import one: python -m core import FILE --name NAME"
            )
            raise NotFound(f"no dataset {reference!r}; there are: {names}")
        return record_of(Dataset, rows[0])

    def all(self, archived: bool = False) -> list[Dataset]:
        """Every dataset, oldest first."""
        query = select(_table).order_by(_table.c.created_at, _table.c.id)
        if not archived:
            query = query.where(_table.c.archived_at.is_(None))
        return self._all(Dataset, query)

    def archive(self, id: str, actor: str) -> None:
        """Hide a dataset from lists; its studies stay. Raises NotFound."""
        with self.database.write() as connection:
            hidden = update(_table).where(_table.c.id == id).values(archived_at=self.clock.now())
            if not connection.execute(hidden).rowcount:
                raise NotFound(f"no dataset with id {id!r}; list them: python -m core storage")
            self._note(connection, "dataset archived", actor, {"dataset": id})
