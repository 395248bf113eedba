"""A world whose studies may be planned by a language model, with answers that fit its baseline."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from core.agents.llm import LlmAgent, Provider
from core.agents.protocol import Draft, Evidence, Outcome, ReflectionDraft
from core.records import AgentCall, Study
from tests.core.loop.world import World

KEY = "sk-proj-loopback-0123456789"
MODEL = "openai:toy"


def proposal(**changes: Any) -> dict[str, Any]:
    """A good answer: more dropout."""
    answer: dict[str, Any] = {"changes": {"dropout": 0.3}, "axis": "dropout", "claim": "More dropout lifts it."}
    answer |= {"mechanism": "Short histories are learned by heart.", "expected_relative": 0.02, "expected_sd": 0.03}
    answer |= {"risk": "low", "falsifier": "No gain.", "cited_lessons": []}
    return {**answer, **changes}


def reflection(**changes: Any) -> dict[str, Any]:
    answer = {"why": "It learned less by heart.", "rule": "Dropout helps short histories.", "next_action": "Go on."}
    return {**answer, **changes}


class Home(World):
    """One dataset; `limits` holds from the next call on."""

    def __init__(self, folder: Path, base_url: str) -> None:
        super().__init__(folder)
        self.naps: list[float] = []
        self.set(model=MODEL, model_base_url=base_url)
        self.dataset()

    def limit(self, **limits: Any) -> None:
        settings = self.workspace.settings
        self.workspace.settings = replace(settings, limits=replace(settings.limits, **limits))

    def set(self, **values: Any) -> None:
        self.workspace.settings = replace(self.workspace.settings, **values)

    @property
    def provider(self) -> Provider:
        return Provider(self.workspace.settings, self.store, sleep=self.naps.append)

    @property
    def agent(self) -> LlmAgent:
        return LlmAgent(self.provider)

    def study(self, **plan: Any) -> Study:
        return self.start(**{"agent": "llm", "autonomy": "each", **plan})

    def evidence(self, study: Study) -> Evidence:
        return self.workspace.gathering.evidence(self.store.studies.get(study.id))

    def propose(self, study: Study, **changes: Any) -> Draft:
        """What the agent plans; `changes` are of the evidence."""
        draft = self.agent.propose(replace(self.evidence(study), **changes))
        assert isinstance(draft, Draft)
        return draft

    def reflect(self, study: Study, number: int = 1) -> ReflectionDraft:
        """On a trial that was judged, against the baseline."""
        evidence = self.evidence(study)
        view, first = evidence.trials[number - 1], evidence.trials[0]
        rival = first if number > 1 else None
        return self.agent.reflect(evidence, Outcome(view, rival, rival))

    def calls(self, study: Study) -> list[AgentCall]:
        """Oldest first."""
        return self.store.calls.of_study(study.id)[::-1]
