"""The language model as an agent. Its answers are held to the rules by code; where it fails, the expert steps in."""

from dataclasses import replace
from functools import partial

from core.agents.expert import Expert
from core.agents.expert.planning import best_estimate
from core.agents.llm import drafting, prompts
from core.agents.llm.answers import ProposalAnswer, ReflectionAnswer
from core.agents.llm.asking import Asker
from core.agents.llm.model import ModelFailed
from core.agents.llm.provider import Provider
from core.agents.llm.telling import short
from core.agents.llm.tools import Search, Tools, among_the_shown
from core.agents.names import LLM, STEPPED_IN
from core.agents.protocol import Draft, Evidence, Nothing, Outcome, ReflectionDraft


class LlmAgent:
    """Any chat model. `search` finds lessons for the study by words of the model's own."""

    name = LLM

    def __init__(self, provider: Provider, search: Search = among_the_shown) -> None:
        self._provider, self._search = provider, search
        self._expert = Expert()

    def propose(self, evidence: Evidence) -> Draft | Nothing:
        """The model's next trial, or the expert's in its place; nothing where the expert sees none.

        Raises Conflict when another worker took the study over meanwhile.
        """
        plain = self._expert.propose(evidence)
        if isinstance(plain, Nothing):
            return plain
        asker = None
        try:
            asker = self._provider.asker(evidence.study, "propose")
            draft = self._proposed(evidence, asker)
        except ModelFailed as problem:
            told = f"The language model gave no usable proposal ({short(str(problem), 300)}), so the built-in expert"
            draft = replace(plain, author=STEPPED_IN, mechanism=f"{told} planned this trial. {plain.mechanism}")
        if asker is None:
            return draft
        asker.hold()
        return replace(draft, calls=tuple(asker.ids), money=asker.money)

    def reflect(self, evidence: Evidence, outcome: Outcome) -> ReflectionDraft:
        """The model's reasons around figures by code; the expert's where the model fails or there is no value.

        Raises Conflict when another worker took the study over meanwhile.
        """
        computed = self._expert.reflect(evidence, outcome)
        if outcome.view.trial.value is None:
            return replace(computed, author=Expert.name)
        asker = None
        try:
            asker = self._provider.asker(evidence.study, "reflect", outcome.view.trial.id)
            prompt = prompts.reflect(evidence, outcome, computed, self._provider.tool("reflect"))
            accept = partial(drafting.reflection, evidence, outcome, computed)
            told = self._provider.answering(asker).answer(prompt, ReflectionAnswer, "reflect", accept)
        except ModelFailed as problem:
            why = f"The language model gave no usable reflection ({short(str(problem), 300)}), so the built-in expert"
            told = replace(computed, author=STEPPED_IN, why=f"{why} wrote this one. {computed.why}")
        if asker is not None:
            asker.hold()
        return told

    def _proposed(self, evidence: Evidence, asker: Asker) -> Draft:
        base = best_estimate(evidence)
        config = dict(base.trial.params) if base else evidence.space.baseline()
        tools = Tools(evidence, self._provider.store, self._search)
        prompt = prompts.propose(evidence, base, config, self._provider.tool("propose"), asker.left())

        def accept(answer: ProposalAnswer) -> Draft:
            return drafting.draft(tools.seen, base, config, answer, tools.record)

        return self._provider.answering(asker, tools).answer(prompt, ProposalAnswer, "propose", accept)
