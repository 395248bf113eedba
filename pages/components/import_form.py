"""A file into a dataset: by upload or by its path on the server, with a preview, options and progress."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from core.data.importing import Preview, preview
from core.data.options import ImportOptions
from core.records import Dataset
from core.tasks import Task
from core.uploads import MEGABYTES, Uploads
from core.views.importing import (
    MASKINGS,
    SPLITS,
    Answers,
    PreviewView,
    options_of,
    preview_view,
    source_of,
    suggested_name,
)
from core.views.problems import EXPECTED
from core.workspace import Workspace
from pages.components.imports import (
    DONE,
    FILE,
    KIND,
    PATH,
    TEXT,
    UPLOAD,
    findings,
    import_problem,
    imports_under_way,
    is_done,
    is_going,
    named,
    start_import,
)
from pages.components.rows import small
from pages.components.workspace import actor, escaped, workspace

TAB, IMPORT = "tab", "Import a file"  # the tab of Datasets that holds the form, by its place in the URL
FORMATS = (
    "CSV, TSV, Parquet, RecBole .inter, MovieLens, Amazon review JSON lines, user-sequence text, session JSON lines; "
    "gzip and zip are read as they are"
)


def import_link(label: str) -> None:
    """The way to the form from another page."""
    st.page_link("pages/datasets.py", label=label, icon=":material/upload:", query_params={TAB: IMPORT})


def import_form(parts: Workspace) -> None:
    """Draw the form, what an import would read, and the imports under way."""
    imports_under_way()  # in no container: what stands empty above the uploader seemed to lose files given at once
    source = _source(parts)
    if source is None:
        return
    if is_done(named()):
        _imported(source)
        return
    if is_going(named()) and not source.exists():  # the copy of an upload goes when all of it was read
        _going(source)
        return
    try:
        detected = _preview(source, None)
        chosen = _columns(preview_view(detected))
        seen = _preview(source, chosen) if chosen and chosen != dict(detected.columns) else detected
    except EXPECTED as problem:
        import_problem(problem)
        return
    view = preview_view(seen)
    _shown(view)
    _options(parts, seen, view)
    if is_going(named()):
        _going(source)
    else:
        st.button(
            "Import",
            icon=":material/download:",
            key=f"import_start_{source.name}",
            type="primary",
            on_click=_start,
            args=(named(), source, detected, chosen),
        )
    if refused := st.session_state.pop("import problem", None):
        import_problem(refused)


def _imported(source: Path) -> None:
    small(f":material/check_circle: {escaped(source.name)} is imported; a next file may be named.")
    st.button("Import it again", icon=":material/replay:", key="import_again", on_click=_again)


def _going(source: Path) -> None:
    small(f":material/hourglass_empty: {escaped(source.name)} is being imported.")


def _again() -> None:
    st.session_state.pop(DONE)


def _source(parts: Workspace) -> Path | None:
    kind = st.segmented_control(
        "Where the file is", [UPLOAD, PATH], default=UPLOAD, required=True, key=KIND, persist_state="page"
    )
    if kind == UPLOAD:
        return _upload(parts, FILE, f"A file of up to {MEGABYTES} MB; for a larger one give its path on the server")
    return _typed(parts, TEXT, "Path of a file, or of a folder of parts", "/data/interactions.parquet")


def _upload(parts: Workspace, key: str, label: str) -> Path | None:
    """The uploaded file on the disk; the one before it is removed."""
    file = st.file_uploader(label, max_upload_size=MEGABYTES, key=key, help=FORMATS)
    slot = f"kept {key}"
    kept: tuple[str, Path] | None = st.session_state.get(slot)
    if kept is not None and (file is None or kept[0] != file.file_id):
        Uploads(parts.settings.home).drop(kept[1])
        st.session_state.pop(slot)
        kept = None
    if file is None:
        return None
    if kept is None or not (kept[1].exists() or is_done(kept[0]) or is_going(kept[0])):
        try:
            kept = (file.file_id, Uploads(parts.settings.home).keep(file.name, file.getbuffer()))
        except EXPECTED as problem:
            import_problem(problem)
            return None
        st.session_state[slot] = kept
    return kept[1]


def _typed(parts: Workspace, key: str, label: str, example: str) -> Path | None:
    text = st.text_input(label, key=key, placeholder=example, help=FORMATS, persist_state="page")
    if not text.strip():
        return None
    try:
        return source_of(text, parts.settings)
    except EXPECTED as problem:
        import_problem(problem)
        return None


def _preview(source: Path, columns: Mapping[str, str] | None) -> Preview:
    """Read once per file and choice of columns, not at every rerun. Raises ImportFailed."""
    stamp = (str(source), source.stat().st_mtime, tuple(sorted((columns or {}).items())))
    slot = "import preview chosen" if columns else "import preview"
    kept = st.session_state.get(slot)
    if kept is None or kept[0] != stamp:
        kept = (stamp, preview(source, columns))
        st.session_state[slot] = kept
    seen: Preview = kept[1]
    return seen


def _columns(detected: PreviewView) -> dict[str, str]:
    """Role -> column as chosen; the detected ones stand first."""
    if not detected.choices:
        return {}
    st.markdown(f"**{escaped(detected.headline)}**")
    chosen = {}
    with st.grid(5, min_column_width=130):
        for role, names in detected.choices.items():
            column = st.selectbox(role, names, format_func=lambda name: name or "–", key=f"import_column_{role}")
            if column:
                chosen[role] = column
    return chosen


def _shown(view: PreviewView) -> None:
    if not view.choices:
        st.markdown(f"**{escaped(view.headline)}**")
    st.dataframe(list(view.rows), hide_index=True, width="stretch", alt="the first rows as they would be read")
    st.markdown(f":small[:gray[{escaped(view.would_read)}]]")
    findings(view.findings)
    if view.bad_rows:
        rows = [{"line": line, "left out because": reason, "found": found} for line, reason, found in view.bad_rows]
        st.dataframe(rows, hide_index=True, width="stretch", alt="rows that cannot be used")


def _options(parts: Workspace, seen: Preview, view: PreviewView) -> None:
    taken = [dataset.name for dataset in parts.store.datasets.all()]
    st.text_input(
        "Name of the dataset", value=suggested_name(seen.source, taken), max_chars=100, key=f"import_name_{seen.source}"
    )
    with st.expander("Options: split, filters, masking, titles", key="import_options"):
        split, masking = st.columns(2, gap="large")
        with split:
            _radio("Split", SPLITS, "import_split")
        with masking:
            _radio("Masking", MASKINGS, "import_masking")
        with st.grid(3, min_column_width=180):
            _least("Least events of a user", "import_min_user_events", 1, "5, unless the publisher has filtered")
            _least("Least events of an item", "import_min_item_events", 1, "5, unless the publisher has filtered")
            _least("Latest events kept of a user", "import_max_user_events", 3, "all")
        if view.has_events:
            st.text_input(
                "Event types to predict, joined by commas; the others become context",
                key="import_target_events",
                placeholder="all are predicted; such as: purchase, cart",
            )
        st.toggle("Count the same user, item and time once", key="import_drop_duplicates")
        st.markdown("**Titles** :small[:gray[a second file with an item and a title column]]")
        uploads = st.session_state.get(KIND, UPLOAD) == UPLOAD
        st.session_state["import titles"] = (
            _upload(parts, "import_titles_file", "Titles file")
            if uploads
            else _typed(parts, "import_titles_path", "Path of the titles file", "/data/titles.tsv")
        )


def _radio(label: str, choices: Mapping[Any, tuple[str, str]], key: str) -> None:
    st.radio(
        label,
        list(choices),
        format_func=lambda each: choices[each][0],
        captions=[line for _, line in choices.values()],
        key=key,
    )


def _least(label: str, key: str, low: int, usual: str) -> None:
    st.number_input(label, min_value=low, value=None, step=1, placeholder=usual, key=key)


def _start(as_named: str | None, source: Path, detected: Preview, columns: Mapping[str, str]) -> None:
    parts, state = workspace(), st.session_state
    name = str(state.get(f"import_name_{source.name}", ""))
    try:
        answers = Answers(
            name=name,
            columns=columns,
            titles=state.get("import titles"),
            split=state.get("import_split", "leave_one_out"),
            min_user_events=state.get("import_min_user_events"),
            min_item_events=state.get("import_min_item_events"),
            max_user_events=state.get("import_max_user_events"),
            target_events=state.get("import_target_events", ""),
            drop_duplicates=bool(state.get("import_drop_duplicates")),
            masking=state.get("import_masking"),
        )
        options = options_of(answers, detected, [dataset.name for dataset in parts.store.datasets.all()])
    except EXPECTED as problem:
        state["import problem"] = problem
        return
    start_import(name.strip(), as_named, partial(_take, parts, source, name.strip(), options, actor()))


def _take(parts: Workspace, source: Path, name: str, options: ImportOptions, who: str, task: Task) -> Dataset:
    dataset = parts.intake.take(source, name, options, who, task.tell)
    for path in (source, options.titles):
        if path is not None:
            Uploads(parts.settings.home).drop(path)
    return dataset
