"""A study says whether it reflects and prunes, how many proposals at a time, what always asks; a run may be spared."""

import sqlalchemy as sa
from alembic import op

revision = "0004_powers"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("use_reflection", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("use_pruning", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("ask_for", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("parallel", sa.Integer(), nullable=False, server_default="1"),
    ):
        op.add_column("studies", column)
    op.add_column("runs", sa.Column("spared", sa.Boolean(), nullable=False, server_default=sa.false()))
