"""The card of a dataset: figures, words, warnings; its profile and its preparation behind tabs."""

import streamlit as st

from core.views.dataset_card import DatasetCard
from pages.components.workspace import escaped

SHOWN_WARNINGS = 3


def profile_card(card: DatasetCard, key: str) -> None:
    """Draw the card's content, inside whatever container is open."""
    short, profile, preparation = st.tabs(["In short", "Profile", "Preparation"], key=f"{key}_tabs")
    with short:
        _short(card)
    with profile:
        _profile(card)
    with preparation:
        _preparation(card)


def _short(card: DatasetCard) -> None:
    with st.grid(4, min_column_width=110):
        for figure in card.figures:
            st.metric(figure.label, figure.value, delta_description=figure.context)
    words = " ".join(f":gray-badge[{escaped(phrase)}]" for phrase in card.phrases)
    synthetic = ":orange-badge[:material/science: synthetic data] " if card.is_synthetic else ""
    st.markdown(synthetic + words if words or synthetic else ":gray[no salient property]")
    for text in card.warnings[:SHOWN_WARNINGS]:
        st.markdown(f":orange[:material/warning:] {escaped(text)}")
    if len(card.warnings) > SHOWN_WARNINGS:
        st.markdown(f":small[:gray[{len(card.warnings) - SHOWN_WARNINGS} more under Preparation]]")
    if not card.warnings:
        st.markdown(":small[:gray[:material/check: no warning from the checks of the import]]")


def _profile(card: DatasetCard) -> None:
    rows = [
        {"property": each.name.replace("_", " "), "value": each.value, "in words": each.word, "meaning": each.meaning}
        for each in card.features
    ]
    st.dataframe(rows, hide_index=True, height=300, width="stretch", alt=f"profile of {card.name}")
    st.markdown(":small[:gray[Measured on the training part alone. Lessons are found by the words under In short.]]")


def _preparation(card: DatasetCard) -> None:
    for label, text in card.facts:
        name, content = st.columns([1, 4.6], gap="xsmall")
        name.markdown(f":gray[{label}]")
        content.markdown(escaped(text))
    for text in (*card.warnings[SHOWN_WARNINGS:], *card.notes):
        st.markdown(f":small[:gray[{escaped(text)}]]")
    if card.bad_rows:
        rows = [{"line": line, "left out because": reason, "found": found} for line, reason, found in card.bad_rows]
        st.dataframe(rows, hide_index=True, width="stretch", alt="rows that could not be used")
