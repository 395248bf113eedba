"""A study remembers which lessons a person rejected before it began."""

import sqlalchemy as sa
from alembic import op

revision = "0006_rejected_lessons"
down_revision = "0005_memory"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("studies", sa.Column("without_lessons", sa.JSON(), nullable=False, server_default="[]"))
