"""The samplers that serve as controls: whole configs, new ones, by values alone."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from core.agents.names import AGENTS
from core.agents.protocol import Draft, Evidence, Nothing
from core.agents.sampling import Sampler
from core.approval import config_hash
from core.space import SearchSpace
from tests.core.agents.building import baseline, evidence, view

SAMPLERS = tuple(name for name in AGENTS if name not in ("expert", "llm"))
FEW = ("dropout", "lr", "ffn")


def few(*axes: str) -> SearchSpace:
    """A space of these axes alone, three of its own without."""
    space = SearchSpace.of("sasrec")
    for name, param in space.declared.items():
        space = space if name in (axes or FEW) else space.fix(name, param.default)
    return space


def told(space: SearchSpace, count: int, value: Callable[[Mapping[str, Any]], float] = lambda params: 0.05) -> Evidence:
    """A baseline and so many trials that random search drew."""
    seen = evidence(space=space)
    for number in range(2, count + 2):
        draft = propose("random", seen)
        seen = evidence(*seen.trials, view(number, draft.params, value=value(draft.params)), space=space)
    return seen


def propose(name: str, seen: Evidence) -> Draft:
    draft = Sampler(name).propose(seen)
    assert isinstance(draft, Draft)
    return draft


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_draw_lies_inside_the_space_is_new_and_claims_nothing(name: str):
    space = few().narrow("lr", 0.0005, 0.002)
    seen = told(space, 12)
    draft = propose(name, seen)
    assert space.contains(draft.params) and 0.0005 <= draft.params["lr"] <= 0.002
    assert config_hash(draft.params) not in {each.trial.config_hash for each in seen.trials}
    assert (draft.axis, draft.claim, draft.expected) == ("", "", None)
    assert set(draft.changes) <= set(FEW)


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_same_evidence_gives_the_same_draw(name: str):
    seen = told(few(), 11)
    assert propose(name, seen).params == propose(name, seen).params


@pytest.mark.parametrize("name", SAMPLERS)
def test_values_that_do_not_go_together_are_drawn_again(name: str):
    space = SearchSpace.of("sasrec").narrow("hidden_dim", options=(50,)).narrow("num_heads", options=(1, 4))
    assert propose(name, evidence(baseline(hidden_dim=50), space=space)).params["num_heads"] == 1


@pytest.mark.parametrize("name", ["tpe", "gp"])
def test_what_was_heard_moves_the_draws_towards_better_values(name: str):
    seen = told(few(), 25, value=lambda params: 0.05 + 0.05 * params["dropout"])
    drawn = [propose(name, evidence(*seen.trials, space=few(), seed=seed)).params["dropout"] for seed in range(1, 8)]
    assert sum(drawn) / len(drawn) > 0.5


def test_a_grid_ends_when_every_cell_was_tried():
    space = few()
    for name in ("lr", "ffn"):
        space = space.fix(name, space.declared[name].default)
    seen = evidence(space=space)
    for number in (2, 3, 4):
        seen = evidence(*seen.trials, view(number, propose("grid", seen).params), space=space)
    assert {each.trial.params["dropout"] for each in seen.trials} == {0.0, 0.2, 0.4, 0.8}
    assert isinstance(Sampler("grid").propose(seen), Nothing)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_space_of_a_few_options_is_drawn_to_its_end(name: str):
    space = few("ffn", "num_heads")
    seen = evidence(space=space)
    for number in range(2, 13):
        seen = evidence(
            *seen.trials, view(number, propose(name, seen).params, value=0.04 + number % 3 / 100), space=space
        )
    assert len({each.trial.config_hash for each in seen.trials}) == 3 * 4
    assert isinstance(Sampler(name).propose(seen), Nothing)
