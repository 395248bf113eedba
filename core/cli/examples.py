"""What `--help` shows under each verb: commands that can be copied."""

import argparse

PROGRAM = "python -m core"
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "import": (
        ("import sample", "the embedded sample (synthetic)"),
        ("import ratings.csv --name shop", "a file, with a preview and its warnings"),
        ("import ratings.csv --preview", "what would be read, nothing is imported"),
        ("import log.csv --columns user=uid,item=sku,timestamp=at", "name the columns yourself"),
        ("import events.parquet --target-events purchase,cart", "other events are context"),
        ("import ratings.csv --titles titles.csv --split global_time", "item titles; split by time"),
    ),
    "profile": (
        ("profile", "the list of datasets"),
        ("profile shop", "what is known of one, in numbers and words"),
        ("profile shop --json", "the same for a program"),
    ),
    "tune": (
        ("tune shop --trials 20", "it asks you for each trial"),
        ("tune shop --autonomy autopilot --json", "run it all, print JSON at the end"),
        ("tune shop --autonomy window --deadline 10", "runs unless you veto within ten minutes"),
        ("tune shop --space space.toml", "a search space from a file"),
        ("tune shop --fix loss=full_softmax --range lr=0.0005:0.005", "hold a field, narrow another"),
        ("tune shop --instructions 'do not touch max_len'", "standing instructions"),
        ("tune shop --autonomy gated --ask-for loss,max_len", "asks when it matters, and before these change"),
        ("tune shop --no-memory --no-reflection --no-pruning", "with all of that off, as a control"),
        ("tune shop --guard min_coverage=0.2 --min-gain 0.001", "what a better trial must keep"),
        ("tune shop --cap minutes=120 --cap money=2.50", "no trial begins, and no model is asked, beyond that"),
    ),
    "follow": (
        ("follow", "the list of studies"),
        ("follow 1", "study 1 live; Ctrl-C leaves it running"),
        ("follow --archived", "those that were archived"),
        ("follow 1 --now", "where it stands"),
        ("follow 1 --now --json", "the same for a program"),
    ),
    "decide": (
        ("decide", "the proposals that wait"),
        ("decide 7", "the card of proposal 7"),
        ("decide 7 approve", "let it run"),
        ("decide 7 edit --set lr=0.002", "let it run with another learning rate"),
        ('decide 7 veto --reason "too slow"', "refuse it; the agent is told why"),
        ("decide 7 replan", "let the agent plan again with what it knows now"),
    ),
    "queue": (("queue 1 --set lr=0.002 --set dropout=0.3", "a config of your own in study 1"),),
    "add-seeds": (("add-seeds 1 3 --count 2", "two more seeds of trial 3 of study 1"),),
    "pause": (('pause 1 --reason "the machine is needed"', "its runs keep their epochs"),),
    "resume": (("resume 1", "go on with a paused study"),),
    "stop": (("stop 1", "let running runs finish, then the final figure"),),
    "cancel": (("cancel 1", "end it at once"),),
    "archive": (
        ("archive 1", "out of lists and selectors; nothing is deleted"),
        ("archive 1 --restore", "back again"),
    ),
    "retry": (("retry 12", "failed run 12 again, from its last epoch"),),
    "reveal": (
        ('reveal 1 --name "Ada"', "open the sealed test, once and on the record"),
        ("reveal 1 --refit", "and score it refitted on training plus validation"),
    ),
    "calibration": (
        ("calibration", "how far each agent's predictions may be trusted"),
        ("calibration --study 1 --json", "every prediction of study 1 with what came of it"),
    ),
    "audit": (
        ("audit runs.csv", "fields never touched, gaps that one seed cannot carry, draft lessons"),
        ("audit sqlite:///optuna.db --backbone sasrec --study old", "one study of an Optuna storage"),
        ("audit runs.csv --metric loss --minimise --domain beauty", "of several datasets one, where lower is better"),
        ("audit runs.csv --accept 1,3", "keep drafts 1 and 3 in the memory"),
    ),
    "report": (("report 1 --out june", "one page for the people who pay"),),
    "space": (
        ("space 1", "what study 1 searches"),
        (
            "space 1 --range lr=0.0005:0.002 --reason 'higher ones diverge'",
            "edited, from the next proposal on",
        ),
    ),
    "settings": (
        ("settings 1", "who decides, what always asks, the budget"),
        ("settings 1 --autonomy autopilot", "from now on, and for what waits already"),
        ("settings 1 --ask-for lr,loss --parallel 2", "ask before these change; two proposals at a time"),
        ("settings 1 --cap minutes=90 --guard max_minutes=none", "a cap set, a guard lifted"),
        ("settings 1 --gates cost,conflict", "gated asks for these two reasons alone"),
    ),
    "export": (
        ("export 1 --out trials.csv", "a row for each trial"),
        ("export 1 --out study.json", "everything"),
        ("export 1 --model best", "the best model, as a folder that recommends by itself"),
    ),
    "recommend": (
        ("recommend 1 --history B001,B002 -k 5", "what comes next after two items"),
        ("recommend 1/3 --history B001", "by trial 3 of study 1"),
        ("recommend 1 --all next.parquet -k 10", "for every user, to a file"),
    ),
    "memory": (
        ("memory list --dataset shop --trust untried", "those learned there that no trial has tested"),
        ('memory search "short histories"', "by meaning"),
        ('memory edit 3 --claim "…" --reason "…"', "write the next revision"),
        ("memory edit 3 --pin", "always show it to the agent"),
        ("memory mute 3", "keep it, do not use it"),
        ("memory undo 3", "take the newest revision back"),
        ("memory restore 3", "out of the archive; --revision 2: an old text again"),
        ("memory preview shop", "what a study on it would be shown, and why"),
        ("memory conflicts", "duplicates and contradictions that wait for you"),
        ("memory merge 3 5", "3 keeps the evidence of both, 5 is archived"),
        ("memory check", "compare SQL with the index, and mend"),
        ("memory export june.zip", "lessons, evidence, profiles, revisions"),
        ("memory import june.zip --look", "what it would bring, and what differs"),
    ),
    "storage": (
        ("storage", "what takes disk space"),
        ("storage --free", "what could go"),
        ("storage --free --yes", "delete it"),
    ),
    "backup": (("backup home.tar.gz", "everything in one file"),),
    "restore": (("restore home.tar.gz", "into an empty VIRTUALMLE_HOME"),),
    "worker": (
        ("worker", "work here until Ctrl-C"),
        ("worker --stop", "end the one that runs; its runs go back to the queue"),
    ),
    "dashboard": (("dashboard", "open the dashboard"), ("dashboard --stop", "end it and the worker")),
}
TOP = {  # which examples the program's own help shows
    "import": (0, 1),
    "tune": (0, 1),
    "decide": (2, 3, 4),
    "follow": (1,),
    "pause": (0,),
    "reveal": (0,),
    "report": (0,),
    "recommend": (0,),
    "memory": (1,),
    "storage": (1,),
    "backup": (0,),
}


def show_examples(parser: argparse.ArgumentParser, lines: tuple[tuple[str, str], ...]) -> None:
    """Put examples below a parser's help; one too long for a column has its meaning on the next line."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "examples:\n" + "\n".join(_line(command, meaning) for command, meaning in lines)


def top_examples() -> tuple[tuple[str, str], ...]:
    """The first examples of the verbs a newcomer needs, for the program's own help."""
    return tuple(EXAMPLES[verb][place] for verb, places in TOP.items() for place in places)


def _line(command: str, meaning: str) -> str:
    text = f"  {PROGRAM} {command}"
    return f"{text:<46} {meaning}" if len(text) <= 46 and len(meaning) <= 32 else f"{text}\n      {meaning}"
