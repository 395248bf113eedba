"""A language model as a racer: the program's own agent, its calls kept in a database that is thrown away."""

from dataclasses import replace

from benchmarks.racing.track import space_of
from benchmarks.tables.cells import OBJECTIVE
from benchmarks.tables.table import Table
from core.agents.llm import LlmAgent, Provider
from core.agents.names import LLM
from core.clock import SystemClock
from core.settings import Settings
from core.store import Store
from core.studies.starting import StudyPlan, start_study


def language_agent(table: Table, settings: Settings) -> LlmAgent:
    """A new agent for one repeat. Its caps and prices are those of the settings, for each repeat anew.

    Raises InvalidInput where no model is set.
    """
    store = Store("sqlite://", SystemClock())
    counts = {"validation_targets": table.meta["users"], "items": table.meta["items"]}
    lineage = str(table.meta["lineage"])
    card = {"id": lineage, "split": "leave_one_out", "masking": table.meta["masking"], "counts": counts}
    store.datasets.add(lineage, table.name, lineage, lineage, card, dict(table.meta["profile"]), "race")
    plan = StudyPlan(lineage, backbone=table.backbone, objective=OBJECTIVE, agent=LLM, space=space_of(table))
    start_study(store, plan, "race", settings.model)
    return LlmAgent(Provider(settings, store))


def settings_for(model: str | None) -> Settings:
    """Those of the environment, with another model where one is named."""
    settings = Settings.from_environment()
    return replace(settings, model=model) if model else settings
