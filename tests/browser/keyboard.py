"""A page worked without a mouse: keys pressed until they are heard, Tab to what is wanted, where the focus is seen."""

from playwright.sync_api import Locator, Page, expect

TRIES = 4  # a key pressed before the page listens is lost
HEARD = 20_000  # ms; pressed again too soon, a key would decide the next proposal
MOST_TABS = 80
IS_SEEN = """async () => {
    const at = document.activeElement, pause = () => new Promise(done => setTimeout(done, 350));
    const look = () => {
        let seen = '', node = at;
        for (let level = 0; level < 4 && node && node !== document.body; level++, node = node.parentElement)
            for (const part of [null, '::before', '::after']) {
                const style = getComputedStyle(node, part);
                seen += [style.outline, style.boxShadow, style.borderColor, style.backgroundColor].join() + ';';
            }
        return seen;
    };
    await pause();
    const focused = look();
    at.blur();
    await pause();
    const plain = look();
    at.focus();
    return focused !== plain;
}"""


def press_until(page: Page, key: str, appears: Locator) -> None:
    """Press a key until the page has heard it, once there are buttons: they hear it, and come after the text."""
    page.get_by_test_id("stButton").first.wait_for()
    for _ in range(TRIES):
        page.keyboard.press(key)
        try:
            appears.wait_for(timeout=HEARD)
            return
        except Exception:  # noqa: BLE001 - not there yet: the last try tells
            continue
    expect(appears).to_be_visible()


def next_tab(page: Page, wanted: Locator) -> None:
    """The arrow to the next tab opens it, once the one before it has answered: a late answer would open that again."""
    opened = page.get_by_role("tab", selected=True).first
    for _ in range(TRIES):
        tab_to(page, opened)
        page.keyboard.press("ArrowRight")
        try:
            expect(wanted).to_have_attribute("aria-selected", "true", timeout=HEARD)
            break
        except AssertionError:  # a page at work has tabs that are asleep: no key opens them, and they lose the focus
            continue
    expect(wanted).to_have_attribute("aria-selected", "true")
    panel = wanted.get_attribute("aria-controls")
    expect(page.locator(f"[id='{panel}']")).not_to_be_empty()


def tab_to(page: Page, wanted: Locator) -> None:
    """Move the focus by Tab, as somebody without a mouse does."""
    for _ in range(MOST_TABS):
        if wanted.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(wanted).to_be_focused()


def focus(page: Page, wanted: Locator) -> None:
    """Tab there, and see where one is: what has the focus looks otherwise than without it."""
    wanted.wait_for()
    for _ in range(TRIES):  # what is drawn anew meanwhile has lost the focus
        tab_to(page, wanted)
        if page.evaluate(IS_SEEN):
            tab_to(page, wanted)
            return
    raise AssertionError(f"nothing shows that the focus is on {wanted}")
