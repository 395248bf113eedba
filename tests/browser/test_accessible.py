"""axe-core looks at every page with real content, wide in the light and on a phone in the dark: no serious or critical
violation.

`axe/axe.min.js` is axe-core 4.14.1 (npm package axe-core) as published, under the licences beside it.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from core.records import Study
from core.states import StudyState
from core.worker.launch import stop_worker
from tests.browser.conftest import PATIENCE, Server
from tests.pages.scripted import ScriptedHome

AXE = Path(__file__).with_name("axe") / "axe.min.js"
SETTLES_SECONDS = 15.0
PHONE = 390  # px
UNSETTLED = "[data-testid=stSkeleton], [data-stale=true], .plot:not(:has(svg))"
OPAQUE = "[data-stale] {opacity: 1 !important; transition: none !important}"  # what is being looked at anew is pale
VIEWS = ("All trials", "Lineage", "Timeline", "What it knew")
# What lies behind a click: where, and the labels clicked one after the other.
BEHIND: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "edit dialog": ("study that waits", (("button", "Edit"),)),
    "veto dialog": ("study that waits", (("button", "Veto"),)),
    "settings dialog": ("study that waits", (("button", "More"), ("menuitem", "Settings and instructions"))),
    "reveal dialog": ("study that ended", (("button", "More"), ("menuitem", "Open the sealed test"))),
    "import": ("datasets", (("tab", "Import a file"),)),
    "lesson dialog": ("memory", (("button", "Edit"),)),
    "would be retrieved": ("memory", (("radio", "What would be retrieved?"),)),
}
CHECK = """async () => {
    const found = await axe.run(document, {resultTypes: ['violations']});
    return found.violations
        .filter(each => ['serious', 'critical'].includes(each.impact))
        .map(each => `${each.id}: ${each.help}: ` + each.nodes.slice(0, 4).map(node => {
            const why = node.any[0] ?? node.all[0] ?? node.none[0];
            return `${node.html.slice(0, 200)} (${why?.message})`;
        }).join(' | '));
}"""


@pytest.fixture(scope="module")
def studies(server: Server) -> Iterator[tuple[Study, Study]]:
    """A finished study, and one on a like dataset with a proposal that waits; nothing moves meanwhile."""
    stop_worker(server.settings)
    opened = server.open()
    story = ScriptedHome(opened)
    story.dataset("films", mean_length=8.0)
    finished = story.finish(story.start("films", name="finished", trials=9, extra_seeds=False))
    story.dataset("songs", mean_length=7.0)
    asks = story.start("songs", name="asks", autonomy="each")
    story.wait_for_proposal(asks)
    story.run_until(lambda: story.store.studies.get(asks.id).incumbent_id is not None)
    story.store.studies.move(asks.id, StudyState.PAUSED, "Ada")
    yield finished, asks
    opened.close()


def paths(finished: Study, asks: Study) -> dict[str, str]:
    """Where each page shows the most."""
    ended, waiting = f"study={finished.id}", f"study={asks.id}"
    return {
        "overview": "/",
        "inbox": "/inbox",
        "new study": "/new_study",
        "datasets": "/datasets",
        "study that waits": f"/study?{waiting}",
        "study that ended": f"/study?{ended}&trial=2",
        **{view.lower(): f"/study?{ended}&trial=2&view={quote(view)}" for view in VIEWS},
        "compare": f"/compare?{ended}",
        "insight": f"/insight?{ended}",
        "memory": "/memory",
        "transfer": f"/transfer?{waiting}",
        "models": f"/models?{ended}",
        "settings": "/settings",
    }


def settle(page: Page) -> None:
    """Until the page is drawn."""
    page.get_by_test_id("stHeading").first.wait_for()
    page.wait_for_load_state("networkidle")
    until = time.monotonic() + SETTLES_SECONDS
    while page.locator(UNSETTLED).count() and time.monotonic() < until:
        page.wait_for_timeout(200)
    page.wait_for_timeout(500)


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it is."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
        page.add_style_tag(content=OPAQUE)
    return list(page.evaluate(CHECK))


def told(found: dict[str, list[str]]) -> str:
    """What was found where, line by line."""
    return "\n".join(f"{where}:\n  " + "\n  ".join(faults) for where, faults in found.items())


def test_no_page_has_a_serious_violation(server: Server, studies: tuple[Study, Study], browser: Browser):
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.set_default_timeout(PATIENCE)
    page, found = context.new_page(), {}
    for name, path in paths(*studies).items():
        page.goto(server.url + path)
        settle(page)
        if faults := violations(page):
            found[name] = faults
    context.close()
    assert not found, told(found)


def test_nothing_behind_a_click_has_a_serious_violation_wide_or_on_a_phone(
    server: Server, studies: tuple[Study, Study], browser: Browser
):
    found: dict[str, list[str]] = {}
    for width, theme in ((1440, "light"), (PHONE, "dark")):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        for name, (where, clicks) in BEHIND.items():
            page.goto(server.url + paths(*studies)[where])
            settle(page)
            for role, label in clicks:
                page.get_by_role(role, name=label).first.click()  # type: ignore[arg-type]
            settle(page)
            if faults := violations(page):
                found[f"{name}, {width} px, {theme}"] = faults
        context.close()
    assert not found, told(found)


def test_on_a_phone_in_the_dark_no_page_has_a_serious_violation_or_scrolls_sideways(
    server: Server, studies: tuple[Study, Study], browser: Browser
):
    context = browser.new_context(viewport={"width": PHONE, "height": 844}, color_scheme="dark")
    context.set_default_timeout(PATIENCE)
    phone, found, wide = context.new_page(), {}, {}
    for name, path in paths(*studies).items():
        phone.goto(server.url + path)
        settle(phone)
        width = phone.evaluate("document.documentElement.scrollWidth")
        main = phone.get_by_test_id("stMain").evaluate("each => each.scrollWidth - each.clientWidth")
        if width > PHONE or main > 0 or phone.get_by_test_id("stException").count():
            wide[name] = (width, main)
        if faults := violations(phone):
            found[name] = faults
    context.close()
    assert not wide
    assert not found, told(found)
