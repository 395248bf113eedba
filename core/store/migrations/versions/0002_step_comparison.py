"""A trial keeps what its step did beside the trial it was planned from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("trials", sa.Column("step_comparison", sa.JSON(none_as_null=True), nullable=True))
    op.execute("update trials set step_comparison = comparison")  # until now nearly always of the same two
