"""The language model as an agent. Its answers are held to the rules by code; where it fails, the expert steps in."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from core.agents.expert import Expert
from core.agents.expert.planning import best_estimate
from core.agents.llm import drafting, prompts
from core.agents.llm.answering import Answering
from core.agents.llm.answers import ProposalAnswer, ReflectionAnswer
from core.agents.llm.asking import Account, Asker
from core.agents.llm.client import LangChainModel, check_model
from core.agents.llm.model import ChatModel, ModelFailed
from core.agents.llm.telling import short
from core.agents.llm.tools import Tools
from core.agents.names import LLM, STEPPED_IN
from core.agents.protocol import Draft, Evidence, Nothing, Outcome, ReflectionDraft
from core.errors import InvalidInput
from core.records import Study
from core.settings import Settings
from core.store import Store


class LlmAgent:
    """Any chat model of the settings. `renew` is called before each call, `sleep` waits between tries."""

    name = LLM

    def __init__(
        self,
        settings: Settings,
        store: Store,
        renew: Callable[[], object] = lambda: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._store, self._renew, self._sleep = settings, store, renew, sleep
        self._expert = Expert()

    def propose(self, evidence: Evidence) -> Draft | Nothing:
        """The model's next trial, or the expert's in its place; nothing where the expert sees none."""
        plain = self._expert.propose(evidence)
        if isinstance(plain, Nothing):
            return plain
        asker = None
        try:
            asker = self._asker(evidence.study, "propose")
            draft = self._proposed(evidence, asker)
        except ModelFailed as problem:
            told = f"The language model gave no usable proposal ({short(str(problem), 300)}), so the built-in expert"
            draft = replace(plain, author=STEPPED_IN, mechanism=f"{told} planned this trial. {plain.mechanism}")
        return draft if asker is None else replace(draft, calls=tuple(asker.ids), money=asker.money)

    def reflect(self, evidence: Evidence, outcome: Outcome) -> ReflectionDraft:
        """The model's reasons around figures by code; the expert's where the model fails or there is no value."""
        computed = self._expert.reflect(evidence, outcome)
        if outcome.view.trial.value is None:
            return replace(computed, author=Expert.name)
        try:
            asker = self._asker(evidence.study, "reflect", outcome.view.trial.id)
            prompt = prompts.reflect(evidence, outcome, computed, self._tool("reflect"))
            accept = partial(drafting.reflection, evidence, outcome, computed)
            answering = Answering(asker, None, self._settings.limits.method)
            return answering.answer(prompt, ReflectionAnswer, "reflect", accept)
        except ModelFailed as problem:
            told = f"The language model gave no usable reflection ({short(str(problem), 300)}), so the built-in expert"
            return replace(computed, author=STEPPED_IN, why=f"{told} wrote this one. {computed.why}")

    def _proposed(self, evidence: Evidence, asker: Asker) -> Draft:
        base = best_estimate(evidence)
        config = dict(base.trial.params) if base else evidence.space.baseline()
        prompt = prompts.propose(evidence, base, config, self._tool("propose"))
        answering = Answering(asker, Tools(evidence, self._store), self._settings.limits.method)
        return answering.answer(prompt, ProposalAnswer, "propose", partial(drafting.draft, evidence, base, config))

    def _tool(self, name: str) -> str | None:
        return name if self._settings.limits.method == "tools" else None

    def _asker(self, study: Study, purpose: str, trial_id: int | None = None) -> Asker:
        account = Account(
            store=self._store,
            limits=self._settings.limits,
            study_id=study.id,
            purpose=purpose,
            prompt_version=prompts.VERSION,
            trial_id=trial_id,
            renew=self._renew,
            sleep=self._sleep,
        )
        return Asker(self._model, account)

    @property
    def _model(self) -> ChatModel:
        """Raises ModelFailed where none is set: a worker may have been started without the variable."""
        try:
            check_model(self._settings.model)
        except InvalidInput as problem:
            raise ModelFailed("no model", str(problem)) from problem
        return LangChainModel(str(self._settings.model), self._settings.model_base_url, self._settings.limits.timeout)
