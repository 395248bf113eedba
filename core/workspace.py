"""The one place where everything is put together, for the dashboard, the command line and the worker."""

import os
import socket
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.agents.expert import Expert
from core.agents.names import LLM
from core.agents.protocol import Agent, Evidence
from core.agents.sampling import Sampler
from core.artifacts import Artifacts
from core.clock import Clock, SystemClock
from core.errors import StorageFailed
from core.intake import Intake
from core.loop.closing import Closing
from core.loop.gathering import Gathering, is_planned_without
from core.loop.judging import Judging
from core.loop.loop import LEASE_SECONDS, Loop
from core.loop.planning import Planning
from core.memory.bulk import Bulk
from core.memory.consolidation import Consolidation
from core.memory.editing import Editing
from core.memory.embedding import CachedEmbedder
from core.memory.hits import Hit
from core.memory.indexing import Indexer
from core.memory.merging import Merging
from core.memory.promotion import Promotion
from core.memory.relations import Relations
from core.memory.resolving import Resolving
from core.memory.retrieval import Retrieval
from core.memory.starting import Starting
from core.memory.wording import Row, Summary, summary
from core.models.reveal import Reveals
from core.records import Dataset, Study
from core.settings import Settings
from core.store import Store
from core.studies.deciding import Deciding
from core.worker.processes import run_once
from vectorstore.chroma import ChromaStore
from vectorstore.embedding import ChosenEmbedder, choose_embedder
from vectorstore.protocol import VectorStore

if TYPE_CHECKING:
    from core.agents.llm import Provider


class Workspace:
    """Parts are built when first used; opening it reads the database's schema version and nothing else."""

    def __init__(self, settings: Settings, clock: Clock, store: Store, index: VectorStore, holder: str) -> None:
        self.settings = settings
        self.clock = clock
        self.store = store
        self.index = index
        self.holder = holder
        self.artifacts = Artifacts(settings.artifacts)

    @classmethod
    def open(cls, settings: Settings, holder: str | None = None, read_only: bool = False) -> "Workspace":
        """Open a home, making its folder when it is new.

        `holder` is the name on leases; `read_only` concerns the vector index, which one process owns. A home where
        nothing has happened yet takes the starting memory, unless the settings say otherwise.
        Raises StorageFailed, NewerSchema.
        """
        clock = SystemClock()
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise StorageFailed(
                f"{settings.home} cannot be made ({problem.strerror}); set VIRTUALMLE_HOME"
            ) from problem
        place: Path | str = settings.chroma_url or settings.chroma
        index = ChromaStore(place, read_only=read_only)
        name = holder or f"{socket.gethostname()}-{os.getpid()}"
        opened = cls(settings, clock, Store(settings.database_url, clock), index, name)
        if settings.starting_memory:
            opened.starting.take_at_first(name)
        return opened

    @cached_property
    def chosen_embedder(self) -> ChosenEmbedder:
        """The sentence model of this installation, and a sentence that says which."""
        return choose_embedder()

    @cached_property
    def embedder(self) -> CachedEmbedder:
        """It, with SQL as its cache."""
        return CachedEmbedder(self.chosen_embedder.embedder, self.store)

    @cached_property
    def indexer(self) -> Indexer:
        """Writes the vector index."""
        return Indexer(self.store, self.index, self.embedder, self.holder, self.settings.home / "index.lock")

    @cached_property
    def retrieval(self) -> Retrieval:
        """Finds lessons and like datasets."""
        return Retrieval(self.store, self.index, self.embedder)

    @cached_property
    def intake(self) -> Intake:
        """Brings datasets in."""
        return Intake(self.store, self.settings)

    @cached_property
    def deciding(self) -> Deciding:
        """A person's acts on trials."""
        return Deciding(self.store)

    @cached_property
    def editing(self) -> Editing:
        """A person's acts on lessons."""
        return Editing(self.store)

    @cached_property
    def merging(self) -> Merging:
        """Makes one lesson of two."""
        return Merging(self.store)

    @cached_property
    def bulk(self) -> Bulk:
        """One act on many lessons."""
        return Bulk(self.store)

    @cached_property
    def resolving(self) -> Resolving:
        """Settles contradictions between lessons."""
        return Resolving(self.store)

    @cached_property
    def starting(self) -> Starting:
        """The memory that ships with the program."""
        return Starting(self.store)

    @cached_property
    def relations(self) -> Relations:
        """Finds lessons that repeat, support or contradict one another."""
        return Relations(self.store)

    @cached_property
    def gathering(self) -> Gathering:
        """What an agent is shown."""
        return Gathering(self.store, self.retrieval)

    @cached_property
    def reveals(self) -> Reveals:
        """Opens the sealed test."""
        return Reveals(self.store, self.artifacts, self.settings, partial(run_once, settings=self.settings))

    @cached_property
    def loop(self) -> Loop:
        """Plans, judges and closes studies."""
        consolidation = Consolidation(self.store)
        return Loop(
            self.store,
            Planning(self.store, self.gathering, self.agent_of, self.clock, self.settings.concurrency),
            Judging(self.store, self.artifacts, self.gathering, consolidation, self.agent_of),
            Closing(self.store, self.artifacts, self.gathering, Promotion(self.store, consolidation, self._distil)),
            self.holder,
        )

    def agent_of(self, study: Study) -> Agent:
        """The agent a study was started with."""
        if study.agent == LLM:
            return self._llm_of(study)
        return Expert() if study.agent == Expert.name else Sampler(study.agent)

    def _llm_of(self, study: Study) -> Agent:
        """The language model of the settings."""
        from core.agents.llm import LlmAgent

        return LlmAgent(self._provider_of(study), self._lessons_for)

    def _provider_of(self, study: Study) -> "Provider":
        """While the model thinks, the study's lease is kept."""
        from core.agents.llm import Provider

        def renew(seconds: float) -> bool:
            return self.store.leases.take(f"study-{study.id}", self.holder, max(seconds, LEASE_SECONDS))

        return Provider(self.settings, self.store, renew)

    def _lessons_for(self, evidence: Evidence, text: str) -> list[Hit]:
        """What the memory holds on a text for a study; nothing for a proposal that is planned with it off."""
        study = evidence.study
        if not study.use_memory or is_planned_without(study, len(evidence.trials) + 1):
            return []
        return self.retrieval.asked_for(study, self.store.datasets.get(study.dataset_id), text)

    def _distil(self, study: Study, dataset: Dataset, rows: Sequence[Row], gain: float | None) -> Summary:
        """A study's summary, by its own language model or by code."""
        if study.agent != LLM:
            return summary(study, dataset, rows, gain)
        from core.agents.llm import Distilling

        return Distilling(self._provider_of(study)).summary(study, dataset, rows, gain)

    def close(self) -> None:
        """Close the database."""
        self.store.close()
