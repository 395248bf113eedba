"""The one-page report, written when asked for and offered as a file."""

import tempfile
from pathlib import Path

import streamlit as st

from core.records import Study
from core.report.report import write_report
from pages.components import dialogs
from pages.components.live import versioned
from pages.components.rows import small
from pages.components.workspace import shown_errors, workspace


@dialogs.dialog("Report")
def report_dialog(study: Study) -> None:
    """What improved, how sure it is, what it cost, what was ruled out, and how to get it again."""
    st.markdown("One page for those who pay: what improved, how sure, what it cost, what was ruled out.")
    with shown_errors():
        version = workspace().store.studies.version(study.id)
        with st.spinner("Writing the report"):
            page, text = versioned(f"report-{study.id}", version, lambda: _written(study))
        with st.container(horizontal=True):
            st.download_button(
                "Download the page",
                page,
                f"report-{study.id}.html",
                "text/html",
                key="report-html",
                type="primary",
                icon=":material/download:",
                on_click="ignore",
            )
            st.download_button(
                "As Markdown", text, f"report-{study.id}.md", "text/markdown", key="report-md", on_click="ignore"
            )
        small(f"{len(page) / 1000:.0f} kB, everything in one file, nothing is loaded from outside")


def _written(study: Study) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        report = write_report(workspace(), study.id, Path(folder))
        return report.html.read_bytes(), report.markdown.read_bytes()
