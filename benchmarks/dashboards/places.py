"""What is looked for and done on each page."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from benchmarks.dashboards.driving import Act, Place
from benchmarks.dashboards.home import CONTROL, LARGE


def _click(css: str) -> Callable[[Page, int], Any]:
    return lambda page, turn: page.locator(css).first.click()


def _one_of(css: str, *labels: str) -> Callable[[Page, int], Any]:
    """A click on the labels in turns, the first one first."""
    return lambda page, turn: page.locator(css).get_by_text(labels[turn % len(labels)], exact=True).click()


def _tab(*labels: str) -> Callable[[Page, int], Any]:
    return lambda page, turn: page.get_by_role("tab", name=labels[turn % len(labels)]).click()


def _typed(css: str, *texts: str) -> Callable[[Page, int], Any]:
    """A text put into a field and sent by Enter."""

    def act(page: Page, turn: int) -> None:
        field = page.locator(f"{css} input")
        field.fill(texts[turn % len(texts)])
        field.press("Enter")

    return act


def _chosen(css: str, *options: str) -> Callable[[Page, int], Any]:
    """An option of a selectbox; the clock runs from the click on the option."""

    def act(page: Page, turn: int) -> None:
        page.locator(css).get_by_role("combobox").first.click()
        option = page.get_by_role("option", name=options[turn % len(options)], exact=True)
        option.wait_for()
        page.evaluate("window.__began = null")
        option.click()

    return act


def _named(page: Page, turn: int) -> None:
    """Another name on decisions; the clock runs from Enter."""
    field = page.locator(".st-key-who_name input")
    if not field.count():
        page.locator(".st-key-who button").first.click()
        field.wait_for()
        page.evaluate("window.__began = null")
    field.fill(f"Ada {turn}")
    field.press("Enter")


def _text(css: str) -> str:
    return f"(fresh({css!r})?.innerText ?? null)"


def _drawn(css: str) -> str:
    """What a chart tells of itself, once it is drawn."""
    return f"(fresh({css + ' [role=img]'!r})?.getAttribute('aria-label') ?? null)"


def _either(*css: str) -> str:
    """Which of these is there; null for none, so that what only went away is no answer."""
    return " : ".join(f"fresh({each!r}) ? {number}" for number, each in enumerate(css)) + " : null"


METRICS = "[...document.querySelectorAll('[data-testid=stMetricValue]')].map(each => each.innerText).join()"
SHOWN_LESSON = _text(".st-key-lesson-card")
LINK_OF_MODEL = "(fresh('.st-key-model-head a')?.href ?? null)"  # the heads of two studies may read alike

PLACES = (
    Place(
        "Inbox",
        "Inbox",
        ".st-key-approval-card",
        (Act("next proposal", _click(".st-key-inbox-next button"), _text(".st-key-approval-head")),),
    ),
    Place(
        "New study",
        "New study",
        "[class*=st-key-study_card]",
        (
            Act(
                "who decides",
                _one_of(".st-key-plan_autonomy", "Ask when it matters", "I decide each"),
                _either(".st-key-plan_ask_for", ".st-key-plan_deadline"),
            ),
            Act("tab", _tab("Import a file", "Study"), _either(".st-key-import_from", "[class*=st-key-study_card]")),
        ),
    ),
    Place(
        "Study",
        " × ",
        ".st-key-figures",
        (
            Act("trial before", _click(".st-key-go-left button"), _text("[class*=st-key-step-] [aria-checked=true]")),
            Act(
                "train loss",
                _one_of(".st-key-curves-card", "train loss", "validation"),
                "fresh('.st-key-curves-card .plot .ytick text')?.textContent ?? null",
            ),
            Act(
                "every trial",
                _tab("All trials", "One trial"),
                _either(".st-key-trials-table [data-testid=stDataFrame]", ".st-key-curves-card [role=img]"),
            ),
            Act(
                "timeline",
                _tab("Timeline", "Lineage"),
                _either(".st-key-timeline-card [role=img]", ".st-key-lineage-card [role=img]"),
            ),
        ),
    ),
    Place(
        "Compare",
        "Compare",
        ".st-key-compare-fields",
        (
            Act("all fields", _click(".st-key-compare_all label"), _text(".st-key-compare-fields table")),
            Act(
                "tab",
                _tab("Two studies", "Trials"),
                _either(".st-key-compare-race [role=img]", ".st-key-compare-fields table"),
            ),
        ),
    ),
    Place(
        "Insight",
        "Insight",
        ".st-key-race",
        (
            Act(
                "along",
                _one_of(".st-key-race-head", "trials", "training minutes"),
                "fresh('.st-key-race .xtitle')?.textContent ?? null",
            ),
            Act("plot", _one_of(".st-key-landscape-head", "EDF", "Slice"), _drawn(".st-key-landscape")),
        ),
    ),
    Place(
        "Memory",
        "Memory",
        "[data-testid=stDataFrame]",
        (
            Act(
                "search by meaning",
                _typed(".st-key-memory_words", "dropout", "batch size", "weight decay"),
                SHOWN_LESSON,
            ),
        ),
    ),
    Place(
        "Transfer",
        "Transfer",
        "[data-testid=stMetric]",
        (Act("study", _chosen(".st-key-transfer_study", CONTROL, LARGE), METRICS),),
    ),
    Place(
        "Datasets",
        "Datasets",
        "[data-testid=stDataFrame]",
        (Act("name contains", _typed(".st-key-datasets_name", "son", "film", "sho"), _text(".st-key-dataset-head")),),
    ),
    Place(
        "Models",
        "Models",
        "[data-testid=stDataFrame]",
        (Act("name contains", _typed(".st-key-models_name", "contr", "larg"), LINK_OF_MODEL),),
    ),
    Place(
        "Settings",
        "Settings",
        ".st-key-model-settings",
        (Act("name on decisions", _named, _text(".st-key-who button")),),
    ),
    Place(
        "Overview",
        "Overview",
        "[data-testid=stDataFrame]",
        (
            Act(
                "approve",
                _click("[class*=st-key-approve_] button"),
                "fresh('[data-testid=stMain] [class*=st-key-approve_]')?.className ?? null",
            ),
        ),
    ),
)
