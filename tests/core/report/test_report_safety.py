"""Names, reasons and lessons are foreign text: inert in both formats; and nothing is loaded from outside."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.report.text import markdown, one_line
from tests.core.report.house import ReportHouse

HOSTILE = (
    "a|b <script>alert(1)</script>\n\n# Title\n- item ![x](http://evil.example/x.png) `code` $x$ &lt; www.evil.example"
)
READER = MarkdownIt("gfm-like", {"html": True, "linkify": False})


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Markdown and HTML of a study in which every foreign text is hostile."""
    house = ReportHouse(tmp_path_factory.mktemp("hostile"), name=HOSTILE)
    study = house.start(name=HOSTILE.replace("a|b", "study"))
    house.train(study)
    house.judge(study)
    trial = house.run_trial(study, "lr", 0.002, 0.4)
    refused = house.propose(study, "hidden_dim", 256, 0.0)
    house.store.trials.decide(refused, "veto", HOSTILE, "cli", HOSTILE)
    lesson = house.store.lessons.all(study_id=study.id)[0]
    house.store.lessons.edit(lesson.id, lesson.revision, {"claim": HOSTILE}, "Ada")
    reflection = house.store.proposals.reflection(trial.id)
    assert reflection is not None
    body = {key: value for key, value in vars(reflection).items() if key not in ("id", "trial_id", "created_at")}
    house.store.proposals.reflect(trial, {**body, "rule": HOSTILE})
    report = house.report(study)
    return report.markdown.read_text(encoding="utf-8"), report.html.read_text(encoding="utf-8")


def test_hostile_text_makes_no_tag_in_the_html(written: tuple[str, str]) -> None:
    parser = Tags()
    parser.feed(written[1])
    tags = {tag for tag, _ in parser.found}
    assert not tags & {"script", "img", "a", "iframe", "link", "object", "form"}
    assert not [name for _, attributes in parser.found for name in attributes if name.startswith("on")]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in written[1]


def test_the_html_asks_for_nothing_outside_itself(written: tuple[str, str]) -> None:
    parser = Tags()
    parser.feed(written[1])
    for tag, attributes in parser.found:
        for name in ("src", "href", "xlink:href", "srcset", "data"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
    style = written[1].split("<style>", 1)[1].split("</style>", 1)[0]
    assert "url(" not in style and "@import" not in style
    assert "default-src 'none'" in written[1]


def test_hostile_text_makes_no_markup_in_the_markdown(written: tuple[str, str]) -> None:
    parser = Tags()
    parser.feed(READER.render(written[0]))
    tags = [tag for tag, _ in parser.found]
    assert not set(tags) & {"script", "a"}
    assert [attributes["src"] for tag, attributes in parser.found if tag == "img"] == [
        "curves.svg",
        "trials.svg",
        "changes.svg",
    ]
    assert tags.count("h1") == 1


def test_hostile_text_breaks_no_table_row(written: tuple[str, str]) -> None:
    for block in re.findall(r"(?:^\|.*\n)+", written[0], flags=re.MULTILINE):
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(columns) == 1, block


def test_hostile_text_is_still_readable(written: tuple[str, str]) -> None:
    rendered = READER.render(written[0])
    assert "a|b &lt;script&gt;alert(1)&lt;/script&gt; # Title - item" in rendered


def test_the_command_of_a_hostile_dataset_names_it_by_its_id(written: tuple[str, str]) -> None:
    command = written[0].split("```sh\n")[1].split("\n```")[0]
    assert command.startswith("python -m core tune 3f2a91c0bd1e --backbone sasrec")
    assert "script" not in command


def test_text_that_turns_the_reading_direction_or_is_too_long_is_tamed() -> None:
    assert one_line("safe\u202eevil\x07\r\nnext\u2028line") == "safeevil next line"
    assert one_line("x" * 1000, 10) == "xxxxxxxxx…"


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab1 -+*_`<>[]()!#|~$&;:/.@=\\\n\"'{}^", max_size=40))
def test_any_text_comes_out_of_markdown_as_it_went_in(text: str) -> None:
    shown = READER.render(f"- {markdown('x' + text)}")
    plain = re.sub(r"<[^>]+>", "", shown).strip()
    wanted = one_line("x" + text)
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        plain = plain.replace(entity, sign)
    assert plain == wanted


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="a1 -+*_`<>#|=~.)", max_size=12))
def test_no_text_opens_a_block_at_a_line_start(text: str) -> None:
    tokens = READER.parse(markdown(text))
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}


def test_a_report_is_replaced_whole(tmp_path: Path) -> None:
    house = ReportHouse(tmp_path)
    study = house.start()
    house.report(study)
    assert not list((tmp_path / "report").glob("*.part"))
    house.train(study)
    assert "curves.svg" in house.markdown(study)
