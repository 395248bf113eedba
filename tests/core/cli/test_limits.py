"""Guards, caps, gates, epochs and the archive on the command line."""

from core.states import StudyState
from tests.core.cli.home import Home


def test_caps_gates_and_guards_of_tune_are_kept_with_the_study(home: Home):
    flags = ("--cap", "minutes=90", "--cap", "tokens=50000", "--gates", "cost,novelty", "--guard", "max_minutes=5")
    assert home.say("tune", "toy", "--trials", "2", "--detach", *flags).code == 0
    (study,) = home.store.studies.all()
    assert (dict(study.caps), dict(study.guards)) == ({"minutes": 90.0, "tokens": 50000}, {"max_minutes": 5.0})
    assert study.gates_off == ("several", "structure", "risk", "conflict")


def test_settings_change_one_cap_and_leave_the_others(home: Home):
    study, _, _ = home.waiting(caps={"minutes": 90.0, "money": 2.0}, guards={"min_coverage": 0.2})
    flags = ("--cap", "minutes=60", "--cap", "money=none", "--guard", "max_minutes=9", "--gates", "none", "--json")
    told = home.say("settings", str(study.id), *flags).json
    assert (told["caps"], told["guards"]) == ({"minutes": 60.0}, {"min_coverage": 0.2, "max_minutes": 9.0})
    assert (told["gates"], told["used"].split(" of ", 1)[1]) == ("", "1 h 0 min of training")
    assert "caps" in home.say("settings", str(study.id)).out
    assert home.say("settings", str(study.id), "--gates", "all", "--json").json["gates"].startswith("cost, several")


def test_limits_that_cannot_be_are_refused_in_a_sentence(home: Home):
    study, _, _ = home.waiting()
    assert "--cap 'minutes': write NAME=NUMBER" in home.refuses("settings", str(study.id), "--cap", "minutes")
    assert "cap minutes=-1.0 must be a number above 0" in home.refuses("settings", str(study.id), "--cap", "minutes=-1")
    assert "no gate is called warp" in home.refuses("settings", str(study.id), "--gates", "warp")
    assert "'days' can be capped; there are minutes" in home.refuses("tune", "toy", "--cap", "days=3")


def test_epochs_that_would_part_the_trials_are_refused_with_the_way_out(home: Home):
    study, _, _ = home.waiting()
    home.run_until(lambda: home.store.studies.get(study.id).incumbent_id is not None)
    said = home.refuses("settings", str(study.id), "--epochs", "20")
    assert "epochs 7 → 20: trial 1 would have trained otherwise" in said and "start another study" in said
    assert home.store.studies.get(study.id).max_epochs == 7


def test_a_study_is_archived_once_it_has_ended_and_comes_back(home: Home):
    study, _, _ = home.waiting()
    assert "is active; stop or cancel it first" in home.refuses("archive", str(study.id))
    home.store.studies.move(study.id, StudyState.CANCELLED, "Ada")
    assert home.say("archive", str(study.id)).code == 0
    assert study.name not in home.say("follow").out and "1 archived" in home.say("follow").out
    assert study.name in home.say("follow", "--archived").out
    assert home.say("follow", str(study.id), "--now", "--json").json["study"]["archived"]
    assert "is back" in home.say("archive", str(study.id), "--restore").out
    assert study.name in home.say("follow").out
