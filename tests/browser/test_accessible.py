"""axe-core looks at every page with real content, wide in the light and on a phone in the dark: no serious or critical
violation; nothing reaches beyond the phone's edge, and nothing is asked of another host.

`axe/axe.min.js` is axe-core 4.14.1 (npm package axe-core) as published, under the licences beside it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Locator, Page

from core.records import Study
from core.states import StudyState
from pages.components.frame import MENU
from pages.components.style import LIGHT
from tests.browser.conftest import PHONE, WIDE, Server, rgb
from tests.pages.scripted import ScriptedHome

pytestmark = pytest.mark.no_worker


AXE = Path(__file__).with_name("axe") / "axe.min.js"
SETTLES_SECONDS = 15.0
RUNS = "[data-testid=stApp]:not([data-test-script-state=notRunning])"
UNSETTLED = f"{RUNS}, [data-testid=stSkeleton], [data-stale=true], .plot:not(:has(svg))"
HOST, INSIDE = "127.0.0.1", ("data", "blob")  # what may be asked: the server, and what the page holds itself
PAUSE = 100  # ms, in which what was asked for begins
OF_THE_LIGHT = f"""() => [...document.querySelectorAll('.plot text')].some(each =>
    ['{rgb(LIGHT.text)}', '{rgb(LIGHT.muted)}'].includes(getComputedStyle(each).fill))"""
OPAQUE = "[data-stale] {opacity: 1 !important; transition: none !important}"  # what is being looked at anew is pale
VIEWS = ("All trials", "Lineage", "Timeline", "What it knew")
# What lies behind a click on a page: the controls clicked one after the other.
BEHIND: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "new study": {"search space": (("summary", "Search space"),)},
    "datasets": {"import": (("tab", "Import a file"),)},
    "study that waits": {
        "edit dialog": (("button", "Edit"),),
        "veto dialog": (("button", "Veto"),),
        "settings dialog": (("button", "More"), ("menuitem", "Settings and instructions")),
    },
    "study that ended": {"reveal dialog": (("button", "More"), ("menuitem", "Open the sealed test"))},
    "memory": {
        "lesson dialog": (("button", "Edit"),),
        "would be retrieved": (("radio", "What would be retrieved?"),),
    },
}
CHECK = """async () => {
    const found = await axe.run(document, {resultTypes: ['violations'], preload: false});
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


def control(page: Page, role: str, label: str) -> Locator:
    """The first one of a role by its name; what unfolds has no role."""
    if role == "summary":
        return page.locator("summary", has_text=label)
    return page.get_by_role(role, name=label).first  # type: ignore[arg-type]


def settle(page: Page) -> None:
    """Until the page is drawn."""
    page.get_by_test_id("stHeading").first.wait_for()
    wait_while(page, lambda: bool(page.locator(UNSETTLED).count()))


def wait_while(page: Page, holds: Callable[[], bool]) -> None:
    """Until it no longer holds, or the page had time enough."""
    page.wait_for_timeout(PAUSE)
    until = time.monotonic() + SETTLES_SECONDS
    while holds() and time.monotonic() < until:
        page.wait_for_timeout(PAUSE)


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it is."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
        page.add_style_tag(content=OPAQUE)
    return list(page.evaluate(CHECK))


def told(found: dict[str, list[str]]) -> str:
    """What was found where, line by line."""
    return "\n".join(f"{where}:\n  " + "\n  ".join(faults) for where, faults in found.items())


@dataclass
class Look:
    """A page in a browser of its own, looked at wide in the light, then on a phone in the dark."""

    page: Page
    found: dict[str, list[str]] = field(default_factory=dict)
    sideways: dict[str, object] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # addresses of all requests

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))

    def go(self, url: str) -> None:
        """Open a page, wide and light."""
        self._wide()
        self.page.goto(url)
        settle(self.page)

    def behind(self, *clicks: tuple[str, str]) -> None:
        """Click on one control after the other, wide and light."""
        self._wide()
        for role, label in clicks:
            control(self.page, role, label).click()
        settle(self.page)

    def both_ways(self, name: str) -> None:
        """What axe-core finds, and whether anything reaches beyond the phone's edge."""
        self._keep(name)
        self.page.emulate_media(color_scheme="dark")
        self.page.set_viewport_size(PHONE)
        wait_while(self.page, lambda: bool(self.page.evaluate(OF_THE_LIGHT)))
        settle(self.page)
        self._keep(f"{name}, on a phone in the dark")
        width = self.page.evaluate("document.documentElement.scrollWidth")
        beyond = self.page.get_by_test_id("stMain").evaluate("each => each.scrollWidth - each.clientWidth")
        if width > PHONE["width"] or beyond > 0 or self.page.get_by_test_id("stException").count():
            self.sideways[name] = (width, beyond)

    @property
    def outside(self) -> list[str]:
        """What was asked of another host."""
        return [url for url in self.asked if urlsplit(url).scheme not in INSIDE and urlsplit(url).hostname != HOST]

    def _wide(self) -> None:
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(WIDE)

    def _keep(self, name: str) -> None:
        if faults := violations(self.page):
            self.found[name] = faults


@pytest.fixture
def look(page: Page) -> Look:
    """One for each test."""
    return Look(page)


def test_every_page_of_the_menu_is_looked_at(studies: tuple[Study, Study]):
    looked_at = {urlsplit(path).path for path in paths(*studies).values()}
    assert looked_at == {"/" if entry.script == "app.py" else f"/{Path(entry.script).stem}" for entry in MENU}


def test_neither_a_page_nor_what_lies_behind_a_click_has_a_serious_violation(
    server: Server, studies: tuple[Study, Study], look: Look
):
    for name, path in paths(*studies).items():
        look.go(server.url + path)
        look.both_ways(name)
        for within, clicks in BEHIND.get(name, {}).items():
            look.behind(*clicks)
            look.both_ways(within)
            look.page.keyboard.press("Escape")
    assert not look.sideways
    assert not look.found, told(look.found)
    assert look.asked and not look.outside
