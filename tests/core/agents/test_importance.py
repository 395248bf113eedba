"""Which fields mattered, from the whole trials of a study."""

from dataclasses import replace

from core.agents.importance import param_importance
from core.agents.llm.tools import Tools
from core.agents.protocol import Evidence
from core.store import Store
from tests.core.agents.building import BASE, SPACE, baseline, evidence, view


def tried(count: int) -> Evidence:
    """Trials over dropout and batch size, of which dropout alone sets the value."""
    views = [baseline()]
    for number in range(2, count + 1):
        dropout, batch = 0.05 * (number % 9), (128, 256, 512)[number % 3]
        params = SPACE.complete({"dropout": dropout, "batch_size": batch})
        views.append(view(number, params, value=BASE * (1 + dropout)))
    return evidence(*views)


def test_the_field_that_set_the_best_apart_comes_first_and_shares_add_up():
    shares = param_importance(tried(19))
    assert set(shares) == {"dropout", "batch_size"}
    assert next(iter(shares)) == "dropout" and shares["dropout"] > 0.7
    assert abs(sum(shares.values()) - 1) < 1e-9


def test_options_that_are_words_count_too():
    views = [baseline()]
    for number in range(2, 14):
        ffn = ("relu", "gelu", "swiglu")[number % 3]
        params = SPACE.complete({"ffn": ffn, "lr": 0.0005 * number})
        views.append(view(number, params, value=BASE * (1.2 if ffn == "gelu" else 1.0) + 1e-6 * number))
    assert next(iter(param_importance(evidence(*views)))) == "ffn"


def test_too_few_trials_or_pruned_ones_tell_nothing():
    assert param_importance(tried(5)) == {}
    pruned = tuple(replace(each, trial=replace(each.trial, value=None)) for each in tried(12).trials)
    assert param_importance(evidence(*pruned)) == {}


def test_the_model_may_ask_for_it_and_is_told_when_it_is_too_early(tmp_path):
    store = Store("sqlite://", None)  # type: ignore[arg-type]
    told = Tools(tried(19), store).call("param_importance", {})
    assert next(iter(told["shares"])) == "dropout" and told["trials"] == 19
    assert "needs 8 trials" in Tools(tried(3), store).call("param_importance", {})["error"]
