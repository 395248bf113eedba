"""The protocol stamp, whole and short."""

from core.stamp import Protocol, in_words, short

CARD = {"split": "leave_one_out", "counts": {"validation_targets": 22_363}, "id": "3f2a91c0bd1e"}


def test_a_stamp_says_what_a_number_means():
    stamp = Protocol.of(CARD, "ndcg@10", "seen").stamp
    assert stamp == "loo/val/fit:train/22363u/full/mask:seen/ties:exp/@10/3f2a91c0bd1e"


def test_a_short_stamp_keeps_split_masking_and_data():
    assert short(Protocol.of(CARD, "ndcg@10", "seen").stamp) == "loo · seen · 3f2a"


def test_a_stamp_in_words_stands_under_a_chart():
    assert in_words(Protocol.of(CARD, "ndcg@10", "none").stamp) == (
        "leave-one-out, full ranking, nothing masked · 3f2a"
    )
