"""What holds for the calls of language models on every backend."""

import pytest

from core.store import Store
from core.store.calls import Spent
from tests.core.store.building import START, a_call, a_dataset, a_proposal, a_study


class CallContract:
    def test_a_call_is_kept_as_it_went_and_finds_its_trial(self, store: Store):
        study = a_study(store)
        id = store.calls.add(study.id, a_call())
        trial = a_proposal(store, study)
        store.calls.attach([id], trial.id)
        (call,) = store.calls.of_trial(trial.id)
        assert (call.id, call.study_id, call.trial_id, call.at) == (id, study.id, trial.id, START)
        assert call.messages == ({"role": "user", "content": "±?"},)
        assert (call.tools, call.tool_calls, call.reply) == (("propose",), ({"name": "propose"},), "yes")

    def test_what_became_of_a_reply_can_be_said_later(self, store: Store):
        study = a_study(store)
        store.calls.settle(store.calls.add(study.id, a_call()), "invalid", "lr=9 is outside")
        (call,) = store.calls.of_study(study.id)
        assert (call.outcome, call.error, call.tokens_in) == ("invalid", "lr=9 is outside", 900)

    def test_a_call_kept_before_it_was_made_is_corrected_when_it_ends(self, store: Store):
        study = a_study(store)
        id = store.calls.add(study.id, a_call(outcome="sent", reply="", tokens_out=8000, estimated=True, money=1.0))
        before = store.studies.version(study.id)
        store.calls.close(id, study.id, {"outcome": "ok", "reply": "yes", "tokens_out": 100, "money": 0.01})
        (call,) = store.calls.of_study(study.id)
        assert (call.outcome, call.reply, call.tokens_in, call.tokens_out, call.money) == ("ok", "yes", 900, 100, 0.01)
        assert store.studies.version(study.id) > before

    def test_calls_without_a_price_can_be_priced_later(self, store: Store):
        dataset = a_dataset(store)
        study, other = (a_study(store, name, dataset_id=dataset.id) for name in ("one", "other"))
        for each in (study, other):
            store.calls.add(each.id, a_call(money=None))
        store.calls.add(study.id, a_call(money=5.0))
        store.calls.price(study.id, 2.0, 10.0)
        spent = store.calls.spent(study.id)
        assert (spent.calls, spent.tokens, spent.unpriced) == (2, 2000, 0)
        assert spent.money == pytest.approx(5.0028)
        assert store.calls.spent(other.id).unpriced == 1

    def test_spending_counts_failed_calls_and_names_those_without_a_price(self, store: Store):
        dataset = a_dataset(store)
        study, other = (a_study(store, name, dataset_id=dataset.id) for name in ("one", "other"))
        assert store.calls.spent(study.id) == Spent(0, 0, 0.0, 0, 0)
        store.calls.add(study.id, a_call())
        store.calls.add(study.id, a_call(money=None, outcome="timeout", tokens_out=0))
        store.calls.add(other.id, a_call(money=5.0))
        assert store.calls.spent(study.id) == Spent(2, 1900, 0.01, 1, 900)
        assert store.calls.spent().money == pytest.approx(5.01)
        assert store.calls.spent(since=store.calls.clock.now() + 1) == Spent(0, 0, 0.0, 0, 0)
        assert store.calls.spent(study.id).bill == "$0.01 + 900 tokens, price not set"
        assert len(store.calls.of_study(study.id, limit=1)) == 1

    def test_the_study_moves_with_every_call(self, store: Store):
        study = a_study(store)
        before = store.studies.version(study.id)
        store.calls.add(study.id, a_call())
        assert store.studies.version(study.id) > before
