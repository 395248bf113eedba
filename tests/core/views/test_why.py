"""Which sentences of a proposal's prose its card shows at once."""

from core.records import Proposal
from core.views.why import LONGEST, why_of

STEP = "A larger step reaches the optimum in fewer epochs."
LATE = "Trial 2: it still learns when it ends: best 0.2054 at epoch 11 of 12, rising +1.4 % an epoch."


def proposal(mechanism: str, claim: str = "lr from 0.002 to 0.004 changes ndcg@10 by +9.3 % ± 4.6 %.") -> Proposal:
    return Proposal(1, 1, "expert", {}, {}, "lr", "up", claim, mechanism, {}, "low", "new", "a fall", {}, None, 0.0)


def test_the_card_says_the_mechanism_and_one_reason_and_keeps_the_rest():
    why = why_of(proposal(f"{STEP} {LATE} Lesson 9: Raising lr helps, e.g. on short histories. Trial 2 gained 9.7 %."))
    assert why.leading == f"{STEP} {LATE}"
    assert why.more == ("Lesson 9: Raising lr helps, e.g. on short histories.", "Trial 2 gained 9.7 %.")


def test_a_long_mechanism_is_cut_on_the_card_and_whole_behind_it():
    long = "Because " + "of one thing and another " * 12 + "it helps."
    why = why_of(proposal(f"{long} {LATE}", claim="It helps " + "very " * 40 + "much."))
    assert len(why.leading) <= LONGEST and why.leading.endswith("…") and len(why.claim) < 130
    assert why.more[0] == long and why.more[1].endswith("very much.") and why.more[2] == LATE


def test_a_short_reason_leaves_nothing_behind():
    assert why_of(proposal(STEP)).more == ()
