"""A study has caps of its own, says which gates never ask, and can be archived."""

import sqlalchemy as sa
from alembic import op

revision = "0008_study_limits"
down_revision = "0007_trial_notes"
branch_labels = None
depends_on = None

_studies = sa.table("studies", sa.column("id"), sa.column("max_epochs"))
_revisions = sa.table("study_revisions", sa.column("id"), sa.column("study_id"), sa.column("body", sa.JSON()))


def upgrade() -> None:
    op.add_column("studies", sa.Column("caps", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("studies", sa.Column("gates_off", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("studies", sa.Column("archived_at", sa.Float(), nullable=True))
    _complete_revisions(op.get_bind())


def _complete_revisions(connection: sa.Connection) -> None:
    """Settings that could not be edited so far were the same in every revision; said there, an edit of them shows."""
    epochs = {row.id: row.max_epochs for row in connection.execute(sa.select(_studies))}
    for row in connection.execute(sa.select(_revisions)).all():
        body = {"max_epochs": epochs[row.study_id], "caps": {}, "gates_off": [], **row.body}
        connection.execute(sa.update(_revisions).where(_revisions.c.id == row.id).values(body=body))
