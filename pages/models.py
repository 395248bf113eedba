"""Models: the best trial of every study; try one, see how it does and for whom, open its test, take it away."""

import streamlit as st

from core.figures import objective_words
from core.records import Study
from core.stamp import in_words
from core.store.listings import ModelLine
from core.tasks import tasks_of
from core.views.models import PAGE, Model, export, model, table_row
from core.views.reveal import may_open_test
from core.views.trial import trial_view
from core.workspace import Workspace
from pages.components.evidence import evidence
from pages.components.frame import frame
from pages.components.live import REFRESH, versioned
from pages.components.opener import opener
from pages.components.report import report_dialog
from pages.components.reveal import reveal_card, reveal_dialog
from pages.components.rows import head, page_title, small
from pages.components.style import sign
from pages.components.try_model import try_card
from pages.components.workspace import escaped, shown_errors, workspace

STATES = ("active", "paused", "stopping", "finished", "cancelled")
_OPEN = "open_model"


def main() -> None:
    """The list with one model open."""
    parts = frame("Models")
    page_title("Models")
    with shown_errors():
        if not parts.store.listings.count_models():
            _empty(parts)
            return
        lines = _list(parts)
        asked = st.query_params.get("study")
        if asked is not None or lines:
            study = parts.store.studies.get(asked if asked is not None else lines[0].study_id)
            _opened(model(parts, study))


def _empty(parts: Workspace) -> None:
    with st.container(border=True):
        st.markdown("**No model yet.** The first one is a study's baseline, once its seeds have ended.")
        if parts.store.studies.all():
            st.page_link("app.py", label="See what runs", icon=":material/dashboard:")
        else:
            st.page_link("pages/new_study.py", label="Start a study", icon=":material/add_circle:")


def _list(parts: Workspace) -> list[ModelLine]:
    """Narrowed and paged in SQL; a click on a study opens its model."""
    listings = parts.store.listings
    with st.container(horizontal=True, vertical_alignment="center"):
        contains = st.text_input(
            "Study or dataset",
            key="models_name",
            placeholder="study or dataset contains",
            label_visibility="collapsed",
            width=240,
        ).strip()
        total = listings.count_models(contains)
        pages = max(1, -(-total // PAGE))
        page = int(st.number_input("Page", 1, pages, 1, key="models_page", width=120)) - 1 if pages > 1 else 0
        small(
            f"{total} {'model' if total == 1 else 'models'}: the recommended trial of each study, else its current best"
        )
        lines = listings.models(PAGE, page * PAGE, contains)
        if lines:
            opener("model", {line.study_id: line.study for line in lines}, _go, "models_opener")
    if lines:
        _table(lines)
    return lines


def _table(lines: list[ModelLine]) -> None:
    columns = st.column_config
    name = columns.ButtonColumn(
        pinned=True, alignment="left", type="tertiary", on_click=_open, args=(tuple(lines),), key=_OPEN
    )
    st.dataframe(
        [table_row(line) for line in lines],
        hide_index=True,
        key="models_table",
        placeholder="–",
        alt="The best trial of each study with its validation metric and its gain over the baseline",
        column_config={
            "study": name,
            "state": columns.MultiselectColumn(options=STATES, color=[sign(state).colour for state in STATES]),
            "value": columns.NumberColumn(format="%.4f"),
            "by": columns.TextColumn(help="current best by verdict, or recommended by its pooled estimate alone"),
            "over baseline": columns.NumberColumn(format="%+.1f %%"),
        },
    )


def _open(lines: tuple[ModelLine, ...]) -> None:
    _go(lines[st.session_state[_OPEN]["row"]].study_id)


def _go(study_id: int) -> None:
    st.query_params["study"] = str(study_id)


def _opened(chosen: Model) -> None:
    study = chosen.study
    with head(f"{escaped(chosen.title)} · trial {chosen.trial.number}", "model-head"):
        _verbs(chosen)
    left, right = st.columns([1.1, 1], gap="medium")
    with left:
        if chosen.missing:
            st.warning(f"It cannot be tried: {escaped(chosen.missing)}.", icon=":material/warning:")
        else:
            try_card(chosen)
        _gain(study.id, chosen.trial.number)
    with right:
        _numbers(chosen)
        _test(study.id)
        if not chosen.missing:
            _take_away(chosen)


def _verbs(chosen: Model) -> None:
    study = chosen.study
    query = {"study": str(study.id), "trial": str(chosen.trial.number)}
    st.page_link("pages/study.py", label="Its study", icon=":material/science:", query_params=query)
    # chosen by the click, though another may stand first in the list by now
    if st.button("Report", key="model_report", icon=":material/description:", on_click=_go, args=(study.id,)):
        report_dialog(study)
    if not may_open_test(study, workspace().store.reveals.of_study(study.id)):
        return
    if st.button(
        "Open the sealed test", key="model_reveal", icon=":material/lock_open:", on_click=_go, args=(study.id,)
    ):
        reveal_dialog(study)


def _numbers(chosen: Model) -> None:
    """What the trial's seeds reached on validation, whose weights are used, and the objective on each slice."""
    with st.container(border=True, key="model-numbers"):
        st.subheader("On validation", anchor=False)
        columns = ("metric", "at 5", "at 10", "at 20")
        st.table([dict(zip(columns, row, strict=True)) for row in chosen.figures], border="horizontal", hide_index=True)
        small(f"{chosen.seeds} · {in_words(chosen.trial.stamp)}")
        if not chosen.missing:
            small(f"Tried and exported: {chosen.used}.")
        if not chosen.slices:
            return
        objective = objective_words(chosen.study.objective)
        most = max(value for _, value in chosen.slices) or 1.0
        bar = st.column_config.ProgressColumn(format="%.4f", min_value=0.0, max_value=most)
        st.dataframe(
            [{"users and targets": name, objective: value} for name, value in chosen.slices],
            hide_index=True,
            width="stretch",
            column_config={objective: bar},
            alt=f"{objective} on each slice of users",
        )


@st.fragment(run_every=REFRESH)
def _gain(study_id: int, number: int) -> None:
    """Where the gain sits, with intervals; charts follow a switch of theme."""
    with shown_errors():
        store = workspace().store
        study: Study = store.studies.get(study_id)
        key = f"model-{study_id}-{number}"
        seen = versioned(key, study.version, lambda: trial_view(store, study, number))
        if seen.observed is not None:
            with st.container(border=True, key="model-slices"):
                st.subheader("Where its gain sits", anchor=False)
                evidence(study, seen)


@st.fragment(run_every=REFRESH)
def _test(study_id: int) -> None:
    """The sealed test, whose scoring may be under way."""
    with shown_errors():
        reveal_card(workspace().store.studies.get(study_id))


def _take_away(chosen: Model) -> None:
    """Use it elsewhere: the command line, or a folder that needs neither this program's database nor its dataset."""
    with st.container(border=True, key="take-away"):
        st.subheader("Take it away", anchor=False)
        name = f"{chosen.study.id}/{chosen.trial.number}"
        st.code(f"python -m core recommend {name} --history ITEM,ITEM", language="bash", wrap_lines=True)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Prepare the export", key="export_go", icon=":material/deployed_code:", on_click=_export, args=(chosen,)
            )
            small("weights, config, items, a model card and a loader in one zip file")
        _exported(f"export {chosen.run.id}", f"{chosen.study.name}-trial-{chosen.trial.number}.zip")


def _export(chosen: Model) -> None:
    parts = workspace()
    tasks_of(parts.settings.home).start(f"export {chosen.run.id}", lambda task: export(parts, chosen))


@st.fragment(run_every=REFRESH)
def _exported(key: str, name: str) -> None:
    task = tasks_of(workspace().settings.home).get(key)
    if task is None:
        return
    if not task.is_over:
        small(":material/hourglass_empty: being written in a process of its own")
    elif task.error is not None:
        st.error(escaped(str(task.error)), icon=":material/error:")
    else:
        st.download_button(
            "Download it",
            task.result.read_bytes,
            name,
            "application/zip",
            key="export_get",
            icon=":material/download:",
            on_click="ignore",
        )


main()
