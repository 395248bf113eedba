"""The tables. Times are seconds since the epoch, UTC; JSON columns hold plain data.

A change here needs a revision in migrations/versions too: a test compares the two.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from core.store.columns import id_column, metadata, own_id, reference
from core.store.memory_schema import evidence, index_state, lesson_revisions, lessons, outbox, retrievals, vectors

datasets = Table(
    "datasets",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("lineage", String(64), nullable=False, index=True),
    Column("folder", Text, nullable=False),
    Column("card", JSON, nullable=False),
    Column("profile", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("archived_at", Float),
)

studies = Table(
    "studies",
    metadata,
    id_column(),
    Column("name", String(200), nullable=False, unique=True),
    Column("dataset_id", ForeignKey("datasets.id"), nullable=False, index=True),
    Column("backbone", String(50), nullable=False),
    Column("objective", String(50), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("agent", String(100), nullable=False),
    Column("autonomy", String(20), nullable=False),
    Column("space", JSON, nullable=False),
    Column("space_version", Integer, nullable=False),
    Column("max_trials", Integer, nullable=False),
    Column("max_epochs", Integer, nullable=False),
    Column("min_gain", Float, nullable=False),
    Column("guards", JSON, nullable=False),
    Column("deadline_seconds", Float),
    Column("seed", Integer, nullable=False),
    Column("masking", String(10), nullable=False),
    Column("stamp", String(200), nullable=False),
    Column("instructions", Text, nullable=False),
    Column("use_memory", Boolean, nullable=False),
    Column("extra_seeds", Boolean, nullable=False),
    Column("incumbent_id", Integer),
    Column("recommended_id", Integer),
    Column("version", Integer, nullable=False, default=0),
    Column("created_by", String(100), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("ended_at", Float),
    **own_id,
)

study_revisions = Table(
    "study_revisions",
    metadata,
    id_column(),
    reference("study_id", "studies.id"),
    Column("revision", Integer, nullable=False),
    Column("body", JSON, nullable=False),
    Column("author", String(100), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Float, nullable=False),
    UniqueConstraint("study_id", "revision"),
    **own_id,
)

trials = Table(
    "trials",
    metadata,
    id_column(),
    reference("study_id", "studies.id"),
    Column("number", Integer, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("params", JSON, nullable=False),
    Column("seeds", JSON, nullable=False),
    Column("space_version", Integer, nullable=False),
    Column("stamp", String(200), nullable=False),
    Column("config_hash", String(64), nullable=False, index=True),
    Column("approval_hash", String(64), nullable=False),
    Column("value", Float),
    Column("verdict", String(20)),
    Column("comparison", JSON(none_as_null=True)),
    Column("step_comparison", JSON(none_as_null=True)),
    Column("judged_at", Float),
    Column("looks", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("deadline_at", Float),
    UniqueConstraint("study_id", "number"),
    **own_id,
)

proposals = Table(
    "proposals",
    metadata,
    id_column(),
    Column("trial_id", ForeignKey("trials.id"), nullable=False, unique=True),
    Column("author", String(100), nullable=False),
    Column("params", JSON, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("axis", String(100), nullable=False),
    Column("direction", String(100), nullable=False),
    Column("claim", Text, nullable=False),
    Column("mechanism", Text, nullable=False),
    Column("expected", JSON, nullable=False),
    Column("risk", Text, nullable=False),
    Column("novelty", Text, nullable=False),
    Column("falsifier", Text, nullable=False),
    Column("cost", JSON, nullable=False),
    Column("base_trial_id", Integer),
    Column("created_at", Float, nullable=False),
    Column("stale", Text),
    **own_id,
)

decisions = Table(
    "decisions",
    metadata,
    id_column(),
    reference("trial_id", "trials.id"),
    Column("kind", String(20), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("via", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("approval_hash", String(64), nullable=False),
    Column("params", JSON, nullable=False),
    Column("at", Float, nullable=False),
    **own_id,
)

runs = Table(
    "runs",
    metadata,
    id_column(),
    reference("trial_id", "trials.id"),
    reference("study_id", "studies.id"),
    Column("seed", Integer, nullable=False),
    Column("purpose", String(10), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("losses", Integer, nullable=False),
    Column("worker", String(100)),
    Column("lease_until", Float),
    Column("epoch", Integer, nullable=False),
    Column("best_epoch", Integer),
    Column("value", Float),
    Column("metrics", JSON, nullable=False),
    Column("error", Text),
    Column("seconds", Float, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    UniqueConstraint("trial_id", "seed"),
    **own_id,
)

intermediate_values = Table(
    "intermediate_values",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("train_loss", Float),
    Column("metrics", JSON, nullable=False),
    Column("seconds", Float, nullable=False),
)

reflections = Table(
    "reflections",
    metadata,
    id_column(),
    Column("trial_id", ForeignKey("trials.id"), nullable=False, unique=True),
    Column("author", String(100), nullable=False),
    Column("observed", Text, nullable=False),
    Column("predicted", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("claim_held", String(10), nullable=False),
    Column("rule", Text, nullable=False),
    Column("next_action", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    **own_id,
)

reveals = Table(
    "reveals",
    metadata,
    id_column(),
    Column("study_id", ForeignKey("studies.id"), nullable=False, unique=True),
    Column("lineage", String(64), nullable=False, index=True),
    Column("look", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("options", JSON, nullable=False),
    Column("result", JSON(none_as_null=True)),
    Column("error", Text),
    Column("requested_at", Float, nullable=False),
    Column("done_at", Float),
    **own_id,
)

events = Table(
    "events",
    metadata,
    id_column(),
    Column("at", Float, nullable=False),
    Column("kind", String(50), nullable=False),
    Column("actor", String(100), nullable=False),
    Column("study_id", Integer),  # indexed with id, below
    Column("trial_id", Integer, index=True),
    Column("run_id", Integer, index=True),
    Column("lesson_id", Integer, index=True),
    Column("detail", JSON, nullable=False),
    **own_id,
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("host", String(200), nullable=False),
    Column("beat_at", Float, nullable=False),
    Column("doing", Text, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("holder", String(100), nullable=False),
    Column("until", Float, nullable=False),
    Column("length", Float, nullable=False),
)

Index("ix_events_study_id_id", events.c.study_id, events.c.id)

__all__ = [
    "datasets",
    "decisions",
    "events",
    "evidence",
    "index_state",
    "intermediate_values",
    "leases",
    "lesson_revisions",
    "lessons",
    "metadata",
    "outbox",
    "proposals",
    "reflections",
    "retrievals",
    "reveals",
    "runs",
    "studies",
    "study_revisions",
    "trials",
    "vectors",
    "workers",
]
