"""The language model of the settings, asked on a study's account."""

import time
from collections.abc import Callable

from core.agents.llm import prompts
from core.agents.llm.answering import Answering
from core.agents.llm.asking import Account, Asker
from core.agents.llm.client import LangChainModel, check_model
from core.agents.llm.model import ChatModel, ModelFailed
from core.agents.llm.tools import Tools
from core.errors import InvalidInput
from core.records import Study
from core.settings import Settings
from core.store import Store


class Provider:
    """Any chat model. `renew` keeps a study's lease for so many seconds, `sleep` waits between tries."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        renew: Callable[[float], bool] = lambda seconds: True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._renew, self._sleep = settings, renew, sleep
        self.store = store

    def asker(self, study: Study, purpose: str, trial_id: int | None = None) -> Asker:
        """Raises ModelFailed where no model is set: a worker may have been started without the variable."""
        account = Account(
            store=self.store,
            limits=self._settings.limits,
            study_id=study.id,
            purpose=purpose,
            prompt_version=prompts.VERSION,
            trial_id=trial_id,
            renew=self._renew,
            sleep=self._sleep,
        )
        return Asker(self._model, account)

    def answering(self, asker: Asker, tools: Tools | None = None) -> Answering:
        """One act, by the method of the settings."""
        return Answering(asker, tools, self._settings.limits.method)

    def tool(self, name: str) -> str | None:
        """The tool an answer is given by; None where servers have none."""
        return name if self._settings.limits.method == "tools" else None

    @property
    def _model(self) -> ChatModel:
        try:
            check_model(self._settings.model)
        except InvalidInput as problem:
            raise ModelFailed("no model", str(problem)) from problem
        return LangChainModel(str(self._settings.model), self._settings.model_base_url, self._settings.limits.timeout)
