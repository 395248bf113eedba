"""The first schema."""

from alembic import op

from core.store.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table. From the second revision on, this list is written out and frozen here."""
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    """Drop every table."""
    metadata.drop_all(op.get_bind())
