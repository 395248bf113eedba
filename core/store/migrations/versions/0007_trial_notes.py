"""Notes, tags and the archive of trials."""

import sqlalchemy as sa
from alembic import op

revision = "0007_trial_notes"
down_revision = "0006_rejected_lessons"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trials", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.add_column("trials", sa.Column("tags", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("trials", sa.Column("archived_at", sa.Float(), nullable=True))
