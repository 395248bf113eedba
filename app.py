"""The Overview, where the program opens: what waits for a person, every study, the worker, what happened."""

import streamlit as st

from core.figures import duration
from core.studies.first_study import start_first_study
from core.views.inbox import Waiting
from core.views.lessons import shortened
from core.views.moments import waited
from core.views.needs import Need, disk_need, needs, worker_need
from core.views.overview import Overview, Running, overview, version
from core.views.settings import device_words
from core.views.working import WorkerLine, worker_line
from core.worker.launch import ensure_worker
from core.worker.machine import told_machine
from core.workspace import Workspace
from pages.components.chips import chip, glyph
from pages.components.frame import frame
from pages.components.import_form import import_link
from pages.components.live import REFRESH, versioned
from pages.components.moments import when
from pages.components.rows import page_title, small
from pages.components.studies_table import studies_table
from pages.components.workspace import actor, escaped, say, shown_errors, signature, wake_worker, workspace

MOST_NEEDS = 4
LONGEST_CAUSE = 140  # characters


def main() -> None:
    """Fetch and show; the live part looks again by itself."""
    parts = frame("Overview")
    if not parts.store.studies.all():
        show_empty(parts)
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        page_title("Overview")
        st.button(
            "New study",
            icon=":material/add:",
            type="primary",
            key="new_study",
            on_click=st.switch_page,
            args=("pages/new_study.py",),
        )
    show_live()


def show_empty(parts: Workspace) -> None:
    """A fresh home: one next action."""
    page_title("Overview")
    with st.container(border=True):
        st.markdown("### Nothing runs yet")
        st.markdown(
            "Start a study on the embedded sample and see the whole loop: the baseline runs with three seeds, the "
            "built-in expert proposes a trial, you approve, edit or veto it, and a verdict says whether it helped. "
            "Four short runs lead to the first verdict: a minute or two on two cores."
        )
        st.markdown(":orange-badge[synthetic] The sample is generated data; its figures say nothing about yours.")
        st.button(
            "Start a study on the sample",
            icon=":material/play_arrow:",
            type="primary",
            key="first_study",
            on_click=begin_first_study,
        )
        import_link("Import your own interactions instead")


def begin_first_study() -> None:
    """Start it with a worker that lives, and go there."""
    with shown_errors():
        parts = workspace()
        study = start_first_study(parts, actor())
        ensure_worker(parts.settings)
        st.switch_page("pages/study.py", query_params={"study": str(study.id)})


@st.fragment(run_every=REFRESH)
def show_live() -> None:
    """All that changes while studies run."""
    with shown_errors():
        parts = workspace()
        now = parts.clock.now()
        moved = version(parts.store)
        view = versioned("overview", moved, lambda: overview(parts.store, now))
        line = worker_line(parts.store, parts.clock)
        show_figures(view, line, now)
        left, right = st.columns([2.15, 1], gap="medium")
        with left:
            more = versioned("needs", version(parts.store), lambda: needs(parts.store, parts.settings.limits, now))
            show_needs(
                view,
                [need for need in (worker_need(line), disk_need(told_machine(parts.settings.home)), *more) if need],
                now,
            )
            studies_table(moved)
        with right:
            show_worker(view, line)
            show_happened(view)


def show_figures(view: Overview, line: WorkerLine, now: float) -> None:
    """Four figures: what waits, what runs, what the week brought and cost."""
    with st.container(border=True), st.grid(4, min_column_width=140):
        count = view.waiting_count
        oldest = f"oldest {waited(now - min(each.since for each in view.waiting))}" if view.waiting else None
        words = "proposal" if count == 1 else "proposals"
        st.metric(
            "Waits for you",
            f"{count} {words}" if count else "nothing",
            oldest,
            delta_color="blue",
            delta_arrow="off",
            delta_description=None if oldest else "the agent or the worker has its turn",
        )
        runs = len(view.running)
        st.metric("Running now", _counted(runs, "run"), delta_description=f"{_counted(line.queued, 'run')} queued")
        better = view.better_this_week
        st.metric(
            "Judged this week",
            _counted(view.trials_this_week, "trial"),
            f"{better} better" if better else None,
            delta_description=None if better else "none better so far",
        )
        st.metric(
            "Spent this week",
            duration(view.seconds_this_week),
            delta_description=f"of training · models {view.bill_this_week}".replace("$", "\\$"),
        )


def show_needs(view: Overview, more: list[Need], now: float) -> None:
    """All that waits for a person: what stands still, proposals with the oldest first, then what can wait."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Needs you", anchor=False, width="content")
        if view.waiting:
            st.page_link("pages/inbox.py", label="Open the Inbox", icon=":material/inbox:")
    if not view.waiting and not more:
        small(":material/check: Nothing. What waits for a decision, fails or can be settled appears here.")
    show_some([need for need in more if not need.can_wait], "pressing")
    show_proposals(view, now)
    show_some([need for need in more if need.can_wait], "later")


def show_some(given: list[Need], key: str) -> None:
    """The first of them as cards."""
    for place, need in enumerate(given[:MOST_NEEDS]):
        show_need(need, f"need-{key}-{place}")
    if len(given) > MOST_NEEDS:
        small(f"and {len(given) - MOST_NEEDS} more of these")


def show_proposals(view: Overview, now: float) -> None:
    """Proposals to decide, the oldest first."""
    for each in view.waiting:
        show_card(each, now)
    if (more := view.waiting_count - len(view.waiting)) > 0:
        st.page_link("pages/inbox.py", label=f"{more} more in the Inbox", icon=":material/inbox:")


def show_need(need: Need, key: str) -> None:
    """One need in a line, with its act."""
    with st.container(border=True, key=key):
        said, act = st.columns([2.2, 1], vertical_alignment="center")
        with said:
            about = f"**{escaped(need.about)}** " if need.about else ""
            short = escaped(shortened(need.more, LONGEST_CAUSE))
            st.markdown(f"{glyph(need.sign)} {about}{escaped(need.says)}  \n:small[:gray[{short}]]")
        with act, st.container(horizontal=True, horizontal_alignment="right"):
            if need.page:
                st.page_link(f"pages/{need.page}.py", label=need.act, query_params=dict(need.query))
            else:
                st.button(need.act, icon=":material/play_arrow:", key="start_worker_need", on_click=wake_worker)


def show_card(each: Waiting, now: float) -> None:
    """One proposal in two lines, with Approve and the way to its full card."""
    with st.container(border=True):
        said, acts = st.columns([2.2, 1], vertical_alignment="center")
        with said, st.container(gap="xxsmall"):
            changes = ", ".join(f"`{field}` {escaped(old)} → **{escaped(new)}**" for field, old, new in each.changes)
            stale = f" {chip('expired', 'stale')}" if each.stale else ""
            st.markdown(f"**{escaped(each.study)} · trial {each.number}** &nbsp; {changes}{stale}")
            st.markdown(f":small[:gray[{each.expected} · {each.cost} · waiting {waited(now - each.since)}]]")
        with acts, st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
            if not each.stale:
                st.button(
                    "Approve", icon=":material/check:", key=f"approve_{each.trial_id}", on_click=approve, args=(each,)
                )
            query = {"study": str(each.study_id), "trial": str(each.number)}
            st.page_link("pages/study.py", label="Review", query_params=query)


def approve(seen: Waiting) -> None:
    """Let exactly what was seen run; whoever comes second is told by whom and when it was decided."""
    with shown_errors():
        parts = workspace()
        trial = parts.deciding.approve(
            parts.store.trials.get(seen.trial_id), signature(), "dashboard", seen.approval_hash
        )
        say(f"Trial {trial.number} is approved and queued.", icon=":material/check:")
        wake_worker()


def show_worker(view: Overview, line: WorkerLine) -> None:
    """Whether a worker lives, and how far the runs under way are."""
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader("Worker", anchor=False)
            st.markdown(chip("complete", "running") if line.is_alive else chip("cancelled", "not running"))
        for run in view.running:
            show_run(run)
        if line.is_alive:
            waiting = "" if view.running else f"{escaped(line.doing)} · "
            small(escaped(device_words(workspace().settings)))
            heard = f"{waiting}heard of {duration(line.beat_seconds)} ago · {_counted(line.queued, 'run')} queued"
            st.markdown(f":small[:gray[{heard}]]")
            return
        st.markdown(
            "Runs train in a process of their own. Without a worker nothing runs and the agent plans nothing; "
            f"{_counted(line.queued, 'run')} queued."
        )
        small(escaped(device_words(workspace().settings)))
        st.button("Start the worker", icon=":material/play_arrow:", key="start_worker_card", on_click=wake_worker)


def show_run(run: Running) -> None:
    """A run as a bar."""
    st.progress(run.share, text=f":small[{escaped(run.label)}]")


def show_happened(view: Overview) -> None:
    """The latest events in words."""
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("What happened", anchor=False)
        for each in view.happened:
            about = f"**{escaped(each.about)}** " if each.about else ""
            more = f" · {escaped(each.more)}" if each.more else ""
            st.markdown(f"{glyph(each.sign)} {about}{escaped(each.says)}  \n:small[:gray[{when(each.at)}{more}]]")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


main()
