"""How things look: narrow and wide terminals, pipes, foreign text, help."""

import argparse
import io
import shlex

import pytest
from rich.console import Console

from core.cli import build_parser
from core.cli.examples import EXAMPLES, PROGRAM
from core.cli.output import print_table, say
from tests.core.cli.home import Home

ROW = ("○", 12, "embedding_norm l2 → none", "autopilot", "0.0773", "+0.0047 ± 0.0213", "inconclusive", "3, 17")
COLUMNS = ("", "#", "what changed", "decided by", "ndcg@10", "change", "verdict", "cites")


def verbs_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    [group] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(group.choices)


def printed(width: int, row: tuple = ROW) -> str:
    target = io.StringIO()
    print_table(COLUMNS, [row], "a study", ("#",), ("what changed", "decided by"), Console(file=target, width=width))
    return target.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_a_table_fits_the_terminal_and_no_figure_is_cut(width):
    text = printed(width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for whole in ("0.0773", "+0.0047 ± 0.0213", "inconclusive", "3, 17", "autopilot"):
        assert whole in text


def test_into_a_pipe_nothing_is_cut_or_wrapped(capsys):
    long = "x" * 300
    print_table(("claim", "score"), [(long, 1)])
    assert long in capsys.readouterr().out


def test_brackets_are_printed_as_they_are(capsys):
    say("[bold]shop[/bold] [/]", "bold")
    print_table(("[b]name[/b]",), [("[red]x[/red]",)], "[i]title")
    out = capsys.readouterr().out
    for text in ("[bold]shop[/bold] [/]", "[b]name[/b]", "[red]x[/red]", "[i]title"):
        assert text in out


def test_escapes_in_foreign_text_do_not_reach_the_terminal(capsys):
    say("a\x1b[2Jb\x9bc\rd\ttab\nline")
    print_table(("x",), [("\x1b]0;owned\x07",)])
    out = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\r", "\x07"} & set(out)
    assert "a�[2Jb�c�d" in out


def test_every_verb_has_help_with_examples_that_parse():
    parser = build_parser()
    verbs = verbs_of(parser)
    assert set(verbs) == set(EXAMPLES)
    for name, verb in verbs.items():
        assert "examples:" in verb.format_help(), name
        for command, meaning in EXAMPLES[name]:
            assert meaning
            assert f"{PROGRAM} {command}" in verb.format_help()
            parser.parse_args(shlex.split(command))


def test_help_fits_eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    parser = build_parser()
    for text in (parser.format_help(), *(verb.format_help() for verb in verbs_of(parser).values())):
        assert max(map(len, text.splitlines())) <= 80


def test_an_import_shows_a_preview_and_a_card_and_json_only_the_card(home: Home):
    source = home.home / "shop [x].csv"
    rows = [f"u{user},i{item},{1_600_000_000 + 60 * item + user}" for user in range(30) for item in range(6)]
    source.write_text("user,item,timestamp\n" + "\n".join(rows))
    shown = home.say("import", str(source), "--preview")
    assert "columns: user = user, item = item, timestamp = timestamp" in shown.err
    assert len(home.store.datasets.all()) == 1
    answer = home.say("import", str(source), "--name", "shop [x]", "--json")
    assert answer.json["counts"]["users"] == 30
    assert "shop [x]" in home.say("profile").out
    assert "mean_length" in home.say("profile", "shop [x]").out
