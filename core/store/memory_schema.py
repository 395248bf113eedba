"""The tables of the memory and of its vector index; core.store.schema has the rest and says what holds for all."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
)

from core.store.columns import id_column, metadata, own_id

lessons = Table(
    "lessons",
    metadata,
    id_column(),
    Column("level", String(20), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("claim", Text, nullable=False),
    Column("axis", String(100), nullable=False),
    Column("direction", String(100), nullable=False),
    Column("effect", Float),
    Column("backbone", String(50), nullable=False),
    Column("dataset_id", String(64)),
    Column("study_id", Integer, index=True),
    Column("stamp", String(200)),
    Column("conditions", Text, nullable=False),
    Column("lineage", String(64)),
    Column("status", String(10), nullable=False, index=True),
    Column("pinned", Boolean, nullable=False),
    Column("author", String(100), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("wins", Float, nullable=False),
    Column("losses", Float, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("uid", String(32), unique=True, index=True),
    Column("low", Float),
    Column("high", Float),
    Column("locked", Boolean, nullable=False, server_default=false()),
    **own_id,
)


lesson_revisions = Table(
    "lesson_revisions",
    metadata,
    Column("lesson_id", ForeignKey("lessons.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("author", String(100), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Float, nullable=False),
)


evidence = Table(
    "evidence",
    metadata,
    Column("lesson_id", ForeignKey("lessons.id"), primary_key=True),
    Column("trial_id", ForeignKey("trials.id"), primary_key=True),
    Column("outcome", String(10), nullable=False),
    Column("effect", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    Column("at", Float, nullable=False),
)


lesson_links = Table(
    "lesson_links",
    metadata,
    Column("lesson_id", ForeignKey("lessons.id"), primary_key=True),
    Column("other_id", ForeignKey("lessons.id"), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("why", Text, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("at", Float, nullable=False),
)


foreign_evidence = Table(
    "foreign_evidence",
    metadata,
    Column("lesson_id", ForeignKey("lessons.id"), primary_key=True),
    Column("origin", String(200), primary_key=True),
    Column("dataset", String(200), nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("effect", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    Column("at", Float, nullable=False),
)


foreign_profiles = Table(
    "foreign_profiles",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("lineage", String(64), nullable=False),
    Column("profile", JSON, nullable=False),
    Column("pack", String(200), nullable=False),
    Column("at", Float, nullable=False),
)


retrievals = Table(
    "retrievals",
    metadata,
    Column("proposal_id", ForeignKey("proposals.id"), primary_key=True),
    Column("lesson_id", ForeignKey("lessons.id"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("score", Float, nullable=False),
    Column("parts", JSON, nullable=False),
    Column("shown", Boolean, nullable=False),
    Column("cited", Boolean, nullable=False),
    Column("decisive", Boolean, nullable=False),
)


outbox = Table(
    "outbox",
    metadata,
    id_column(),
    Column("collection", String(100), nullable=False),
    Column("document_id", String(100), nullable=False),
    Column("at", Float, nullable=False),
    **own_id,
)


index_state = Table(
    "index_state",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("version", Integer, nullable=False),
)


vectors = Table(
    "vectors",
    metadata,
    Column("text_hash", String(64), primary_key=True),
    Column("embedder", String(100), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)
