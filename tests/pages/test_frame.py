"""What surrounds every page: menu, worker, name, and a home that cannot be opened."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from pages.components.chart import SCRIPT, serve_plotly
from pages.components.frame import ICON, LOGO, MENU, ROOT
from pages.components.style import DARK, LIGHT, SIGNS, figure
from tests.core.store.building import a_proposal, a_study

OpenPage = Callable[..., AppTest]


def test_the_menu_names_only_pages_that_exist(open_page: OpenPage):
    labels = [link.proto.label for link in open_page("app").sidebar.get("page_link")]
    assert labels == [entry.label for entry in MENU if (ROOT / entry.script).exists()]


def test_the_menu_counts_what_waits(home: Workspace, open_page: OpenPage):
    a_proposal(home.store, a_study(home.store))
    labels = [link.proto.label for link in open_page("app").sidebar.get("page_link")]
    assert "Inbox · 1" in labels


def test_a_worker_that_beats_is_running_and_one_that_does_not_can_be_started(open_page: OpenPage, worker_beats):
    page = open_page("app")
    assert "Worker not running" in page.sidebar.markdown[0].value
    assert page.sidebar.button[0].label == "Start worker"
    worker_beats("trial 3 · seed 1 · epoch 4")
    page.run()
    assert "Worker running" in page.sidebar.markdown[0].value
    assert "trial 3 · seed 1 · epoch 4" in page.sidebar.markdown[0].value


def test_a_home_that_cannot_be_opened_says_why_and_what_to_do(tmp_path: Path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("not a folder")
    monkeypatch.setenv("VIRTUALMLE_HOME", str(file / "home"))
    st.cache_resource.clear()
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=20).run()
    assert not page.exception
    assert "VIRTUALMLE" in page.error[0].value


def test_page_icon_and_logo_are_local_files():
    assert ICON.exists() and LOGO.exists()


def test_the_chart_asks_for_the_script_that_is_served():
    served = serve_plotly()
    assert served.stat().st_size > 1_000_000
    assert f"app/static/vendor/{served.name}" in SCRIPT


def test_the_palette_is_the_theme_of_the_configuration():
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for name, palette in (("light", LIGHT), ("dark", DARK)):
        assert theme[name]["backgroundColor"] == palette.background
        assert theme[name]["textColor"] == palette.text
        for colour in ("gray", "green", "violet", "blue", "orange", "red"):
            assert theme[name][f"{colour}Color"] == palette.mark(colour)
            assert theme[name][f"{colour}TextColor"] == palette.ink(colour)


def test_a_verdict_is_never_told_by_colour_alone():
    looks = [(look.glyph, look.word) for look in SIGNS.values()]
    assert all(glyph and word for glyph, word in looks)
    assert len({SIGNS[name].glyph for name in ("better", "not better", "inconclusive", "baseline", "pruned")}) == 5


def test_a_figure_has_our_template_and_not_plotlys():
    layout = figure(LIGHT).layout.template.layout
    assert layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert layout.showlegend is False
    assert not figure(LIGHT).layout.template.data.to_plotly_json()


def test_the_process_that_opened_every_page_holds_no_torch(home: Workspace):
    scripts = [str(ROOT / entry.script) for entry in MENU if (ROOT / entry.script).exists()]
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        f"for script in {scripts!r}: AppTest.from_file(script, default_timeout=60).run()\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0


def test_the_words_of_the_program_are_one_hover_away(open_page: OpenPage):
    page = open_page("settings")
    [words] = [each for each in page.sidebar.markdown if "Words used here" in each.value]
    assert "**noise floor**" in words.proto.help and "**protocol stamp**" in words.proto.help
