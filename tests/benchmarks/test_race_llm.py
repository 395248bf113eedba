"""A language model races through the program's own agent and the real client."""

import itertools
from pathlib import Path

import numpy as np

from benchmarks.racing.language import language_agent
from benchmarks.racing.track import Rules, Track
from core.settings import ModelLimits, Settings
from tests.benchmarks.test_racing import table  # noqa: F401
from tests.core.agents.llm.conftest import _server, server  # noqa: F401
from tests.core.agents.llm.house import KEY, MODEL, proposal
from tests.core.agents.llm.loopback import calls


def test_a_language_model_races_by_the_same_verdicts(table, server, tmp_path: Path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings = Settings(tmp_path, "sqlite://", model=MODEL, model_base_url=server.url, limits=ModelLimits(timeout=2))
    server.will(*(calls("propose", proposal(changes={"dropout": value})) for value in (0.4, 0.1)))
    track = Track(table, language_agent(table, settings), Rules(), 0)
    moments = list(itertools.islice(track.race(), 3))
    assert [view.trial.params["dropout"] for view in track._views] == [0.2, 0.4, 0.1]
    assert len(server.asked) == 2
    assert np.all(np.diff([moment.cost for moment in moments]) > 0)
