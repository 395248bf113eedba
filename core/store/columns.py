"""What the tables share: names of constraints, ids that are never used again, references."""

from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# sqlite_autoincrement: ids are never used again after a delete.
own_id: Any = {"sqlite_autoincrement": True}


def id_column() -> Column[int]:
    """The key the database counts up."""
    return Column("id", Integer, primary_key=True)


def reference(name: str, target: str, nullable: bool = False) -> Column[int]:
    """An indexed foreign key."""
    return Column(name, ForeignKey(target), nullable=nullable, index=True)
