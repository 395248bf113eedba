"""Each page of the real app in Chromium: how soon its first data shows after a click in the menu, and how soon it
answers. Times are taken in the browser, from the pointer's or key's event to the first frame that shows the answer."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Locator, Page, TimeoutError

PATIENCE = 120_000  # ms before a page counts as broken
LOST = 20_000  # ms before an act counts as lost, and is done again, once
REPEATS = 5
FIRST = "first data"
PAUSE = 400  # ms between two acts, as a person reads
BROKEN = "[data-testid=stException]"

WATCH = """([shows, before]) => {
    window.__began = null;
    for (const kind of ['pointerdown', 'keydown'])
        document.addEventListener(kind, event => { window.__began ??= event.timeStamp; }, {capture: true});
    const look = new Function('before', 'fresh', 'return ' + shows);
    const fresh = (css, root) => [...document.querySelectorAll(css)].find(
        each => !each.closest('[data-stale=true]') && each.checkVisibility());
    window.__answer = new Promise(resolve => {
        const step = () => window.__began !== null && look(before, fresh)
            ? resolve(performance.now() - window.__began) : requestAnimationFrame(step);
        step();
    });
}"""
READ = """shows => new Function('fresh', 'return ' + shows)(
    css => [...document.querySelectorAll(css)].find(each => each.checkVisibility()))"""


@dataclass(frozen=True)
class Act:
    """Something a person does on a page; `probe` is JavaScript whose value is another once the page has answered."""

    name: str
    do: Callable[[Page, int], Any]  # is given the number of the repeat
    probe: str


@dataclass(frozen=True)
class Place:
    """A page: its label in the menu, and the CSS of the first thing on it that is data."""

    label: str
    heading: str
    data: str
    acts: tuple[Act, ...]


def seconds_until(
    page: Page, shows: str, act: Callable[[], Any], before: Any = None, patience: int = PATIENCE
) -> float:
    """From the act's event until the JavaScript `shows` (of `before` and `fresh(css)`) is true. Raises TimeoutError."""
    page.evaluate(WATCH, [shows, before])
    act()
    answer = page.evaluate(
        f"Promise.race([window.__answer, new Promise(done => setTimeout(() => done(-1), {patience}))])"
    )
    if answer < 0:
        raise TimeoutError(f"nothing within {patience / 1000:.0f} s of {page.url}: {shows}")
    return float(answer) / 1000


def open_session(browser: Browser, url: str) -> Page:
    """A browser with the Overview drawn and a menu to click in."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(url)
    menu(page, "Overview").wait_for()
    settle(page)
    return page


def menu(page: Page, label: str) -> Locator:
    """A page's link in the menu; the Inbox has its count behind the label."""
    return (
        page.get_by_test_id("stSidebar")
        .get_by_test_id("stPageLink-NavLink")
        .filter(has_text=re.compile(rf"{label}( · \d+)?$"))
    )


def settle(page: Page, most: float = 20.0) -> None:
    """Until the page is drawn and quiet."""
    until = time.monotonic() + most
    while page.locator("[data-testid=stSkeleton], [data-stale=true]").count() and time.monotonic() < until:
        page.wait_for_timeout(100)
    page.wait_for_timeout(PAUSE)


def measure(page: Page, place: Place, repeats: int) -> dict[str, list[float]]:
    """Seconds to the first data of a page, under FIRST, and of each act's answers. Raises TimeoutError when nothing
    comes, RuntimeError for a broken page."""
    shows = f"fresh('[data-testid=stHeading]')?.innerText.includes({place.heading!r}) && !!fresh({place.data!r})"
    seen = {FIRST: [seconds_until(page, shows, menu(page, place.label).first.click)]}
    settle(page)
    if repeats:
        seen |= {act.name: [answer(page, act, turn) for turn in range(repeats)] for act in place.acts}
    if page.locator(BROKEN).count():
        raise RuntimeError(f"{place.label}: {page.locator(BROKEN).first.inner_text()}")
    return seen


def answer(page: Page, act: Act, turn: int) -> float:
    """Seconds from the act to its answer; one that nothing came of is told, and done again."""
    before = page.evaluate(READ, act.probe)
    probe = f"(now => now !== null && now !== before)({act.probe})"
    try:
        seconds = seconds_until(page, probe, lambda: act.do(page, turn), before, LOST)
    except TimeoutError as nothing:
        print(f"  lost: {act.name}: {nothing}", flush=True)
        seconds = seconds_until(page, probe, lambda: act.do(page, turn), before)
    settle(page)
    return seconds
