"""Lessons with a name that travels, a range and a lock; links between them; what packs bring; how a study remembers."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0005_memory"
down_revision = "0004_powers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lessons", sa.Column("uid", sa.String(length=32), nullable=True))
    op.add_column("lessons", sa.Column("low", sa.Float(), nullable=True))
    op.add_column("lessons", sa.Column("high", sa.Float(), nullable=True))
    op.add_column("lessons", sa.Column("locked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("studies", sa.Column("memory_off_share", sa.Float(), nullable=False, server_default="0"))
    op.add_column("studies", sa.Column("without_lineage", sa.Boolean(), nullable=False, server_default=sa.false()))
    _name_lessons()
    op.create_index(op.f("ix_lessons_uid"), "lessons", ["uid"], unique=True)
    _links()
    _brought_by_packs()


def _name_lessons() -> None:
    lessons = sa.table("lessons", sa.column("id", sa.Integer), sa.column("uid", sa.String))
    connection = op.get_bind()
    for id in connection.execute(sa.select(lessons.c.id)).scalars().all():
        connection.execute(sa.update(lessons).where(lessons.c.id == id).values(uid=uuid.uuid4().hex))


def _links() -> None:
    op.create_table(
        "lesson_links",
        sa.Column("lesson_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_links_lesson_id")),
        sa.ForeignKeyConstraint(["other_id"], ["lessons.id"], name=op.f("fk_lesson_links_other_id")),
        sa.PrimaryKeyConstraint("lesson_id", "other_id", "kind", name=op.f("pk_lesson_links")),
    )


def _brought_by_packs() -> None:
    op.create_table(
        "foreign_evidence",
        sa.Column("lesson_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("dataset", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("effect", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_foreign_evidence_lesson_id")),
        sa.PrimaryKeyConstraint("lesson_id", "origin", name=op.f("pk_foreign_evidence")),
    )
    op.create_table(
        "foreign_profiles",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("lineage", sa.String(length=64), nullable=False),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.Column("pack", sa.String(length=200), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foreign_profiles")),
    )
