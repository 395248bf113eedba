"""memory: lessons written, moved, merged, looked at and carried by the command line."""

from pathlib import Path

import pytest

from tests.core.cli.home import Home

RULE = ("--axis", "dropout", "--direction", "up", "--backbone", "sasrec", "--kind", "do")


@pytest.fixture
def taught(home: Home) -> Home:
    """Lessons 1 and 2 say the same, lesson 3 the opposite."""
    home.say("memory", "add", "--claim", "More dropout helps.", *RULE, "--low", "0.3", "--high", "0.4")
    home.say("memory", "add", "--claim", "Dropout should be higher.", *RULE)
    home.say("memory", "add", "--claim", "Less dropout.", *RULE[:2], "--direction", "down", *RULE[4:])
    return home


def test_conflicts_are_offered_merged_and_settled(taught: Home):
    assert {each["kind"] for each in taught.say("memory", "conflicts", "--json").json} == {"duplicates", "contradicts"}
    assert "lesson 2 is archived" in taught.say("memory", "merge", "1", "2").out
    assert "settled" in taught.say("memory", "settle", "1", "3").out
    assert "nothing is open" in taught.say("memory", "conflicts").out
    assert "memory conflicts" in taught.refuses("memory", "settle", "1", "3")


def test_a_lock_holds_and_an_edit_is_undone(taught: Home):
    taught.say("memory", "lock", "1")
    assert "memory unlock 1" in taught.refuses("memory", "edit", "1", "--claim", "Other.")
    taught.say("memory", "unlock", "1")
    taught.say("memory", "edit", "1", "--claim", "Other.")
    assert "More dropout helps." in taught.say("memory", "undo", "1").out
    assert taught.say("memory", "archive", "1", "2").code == 0
    assert [each["id"] for each in taught.say("memory", "list", "--json").json] == [3]


def test_a_preview_names_the_lesson_behind_each_field(taught: Home):
    taught.say("memory", "archive", "2", "3")
    told = taught.say("memory", "preview", "toy").out
    assert "dropout: 0.2 -> 0.35  (lesson 1)" in told and "did well between 0.3 and 0.4" in told
    seen = taught.say("memory", "preview", "toy", "--json").json
    assert [each["id"] for each in seen["lessons"]] == [1] and seen["known_here"] == 0


def test_a_pack_goes_out_and_comes_back_with_a_view_of_what_differs(taught: Home, tmp_path: Path):
    pack = str(tmp_path / "out" / "june.zip")
    assert "3 lessons" in taught.say("memory", "export", pack).out
    taught.say("memory", "edit", "1", "--claim", "Ours now.")
    looked = taught.say("memory", "import", pack, "--look").out
    assert "Ours now." in looked and "More dropout helps." in looked
    assert "1 differ and ours were kept" in taught.say("memory", "import", pack).out
    taught.say("memory", "import", pack, "--theirs", "1")
    assert taught.say("memory", "show", "1", "--json").json["claim"] == "More dropout helps."


def test_a_pack_that_is_none_is_refused_in_a_sentence(home: Home, tmp_path: Path):
    (tmp_path / "x.zip").write_bytes(b"hello")
    assert "nothing was imported" in home.refuses("memory", "import", str(tmp_path / "x.zip"))
    assert "check the path" in home.refuses("memory", "import", str(tmp_path / "none.zip"))


def test_a_knob_that_a_backbone_lacks_is_flagged(home: Home):
    told = home.say("memory", "add", "--claim", "Wider.", "--axis", "linear_dim", "--direction", "up", "--kind", "do")
    assert "sasrec, gru4rec has no linear_dim" in told.err


def test_a_range_and_a_strength_are_corrected_and_taken_away(taught: Home):
    taught.say("memory", "edit", "1", "--high", "0.35", "--effect", "0.02")
    held = taught.say("memory", "show", "1", "--json").json
    assert (held["low"], held["high"], held["effect"]) == (0.3, 0.35, 0.02)
    taught.say("memory", "edit", "1", "--no-range")
    held = taught.say("memory", "show", "1", "--json").json
    assert (held["low"], held["high"], held["effect"]) == (None, None, 0.02)
    assert "not both" in taught.refuses("memory", "edit", "1", "--no-range", "--low", "0.1")


def test_what_each_revision_changed_is_shown_in_words(taught: Home):
    taught.say("memory", "edit", "1", "--claim", "Less dropout helps.", "--direction", "down", "--reason", "I saw it")
    told = taught.say("memory", "show", "1").out
    assert "lesson: [-More-] {+Less+} dropout helps." in told and "direction: up -> down" in told
    assert "revision 2 by" in told and "I saw it" in told


def test_archive_is_undone_by_restore_and_only_what_is_archived_is_deleted(taught: Home):
    assert "not archived" in taught.refuses("memory", "restore", "2")
    assert "archive it first" in taught.refuses("memory", "delete", "2")
    taught.say("memory", "archive", "2")
    assert "in use again" in taught.say("memory", "restore", "2").out
    assert taught.say("memory", "show", "2", "--json").json["status"] == "active"
    taught.say("memory", "archive", "2")
    assert "deleted" in taught.say("memory", "delete", "2").out
    assert "no lesson 2" in taught.refuses("memory", "show", "2")
    taught.say("memory", "edit", "1", "--claim", "Other.")
    taught.say("memory", "restore", "1", "--revision", "1")
    assert taught.say("memory", "show", "1", "--json").json["claim"] == "More dropout helps."


def test_the_list_narrows_by_data_author_status_and_trust(taught: Home):
    def listed(*asked: str) -> list[int]:
        return [each["id"] for each in taught.say("memory", "list", *asked, "--json").json]

    taught.say("memory", "add", "--claim", "Only here.", "--level", "dataset", "--dataset", "toy", "--kind", "fact")
    taught.say("memory", "mute", "2")
    taught.store.lessons.pay(3, 1, 1.0, 0.0)
    assert listed("--dataset", "toy") == [4] and listed("--status", "muted") == [2]
    assert listed("--trust", "trusted") == [3] and listed("--trust", "untried", "--axis", "dropout") == [1, 2]
    assert listed("--author", "person") == [1, 2, 3, 4] and listed("--author", "agent") == []
    assert "no dataset" in taught.refuses("memory", "list", "--dataset", "nowhere")
