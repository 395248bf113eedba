"""What agents are called."""

from core.agents.names import AGENTS, STEPPED_IN, agent_word
from core.views.new_study import agents


def test_who_stepped_in_is_named_and_is_no_agent_to_choose():
    assert agent_word(STEPPED_IN) == "built-in expert, in the language model's place"
    assert STEPPED_IN not in AGENTS


def test_a_language_model_is_offered_only_where_one_is_set():
    assert "llm" not in agents()
    assert "llm" in agents("openai:toy")
