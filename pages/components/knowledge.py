"""A slider through the study: what the agent knew at each trial, what it made of it, what came of that."""

import streamlit as st

from core.figures import metric, objective_words
from core.records import Study
from core.views.knowledge import Knowledge, knowledge
from core.views.study import StudyView
from core.views.trial_table import author_word
from pages.components.chips import chip
from pages.components.cited import why_retrieved
from pages.components.insight import axes_table
from pages.components.live import versioned
from pages.components.moments import when
from pages.components.rows import head, row, small
from pages.components.stepper import go_to
from pages.components.workspace import escaped, workspace


def knowledge_card(view: StudyView, chosen: int | None) -> None:
    """As of the chosen trial; the slider chooses another one."""
    study, numbers = view.study, [step.number for step in view.steps]
    if chosen is None or len(numbers) < 2:
        small("It takes a second trial: before the first one an agent knows the dataset alone.")
        return
    key = f"knew-{study.id}-{chosen}"  # of this trial: a refresh on its way with the last one's would go back
    st.session_state[key] = chosen
    st.select_slider("When it planned trial", numbers, key=key, on_change=_go_to, args=(key, study.id), width="stretch")
    seen = versioned(f"knew-{study.id}", (view.version, chosen), lambda: knowledge(workspace().store, study, chosen))
    _figures(study, seen)
    left, right = st.columns([1.08, 1], gap="medium")
    with left:
        _trials(study, seen)
        _conclusion(study, seen)
    with right:
        _lessons(seen)
        _axes(seen)


def _figures(study: Study, seen: Knowledge) -> None:
    with st.container(border=True, key="knew-figures"), st.grid(4, min_column_width=140):
        best = f"trial {seen.best}" if seen.best else "the baseline has no value yet"
        st.metric("Current best then", metric(seen.best_value), delta_description=best)
        st.metric("Trials judged", str(seen.judged), delta_description=f"{seen.under_way} under way")
        floor = "–" if seen.noise_floor is None else f"± {seen.noise_floor:.4f}"
        st.metric(
            "Noise floor then", floor, delta_description="not measured yet" if floor == "–" else "between two seeds"
        )
        st.metric(
            "Budget left",
            f"{seen.budget} of {seen.max_trials}",
            delta_description=f"space version {seen.space_version}",
        )
    if seen.instructions:
        small(f":material/push_pin: Standing instructions then: {escaped(seen.instructions)}")


def _trials(study: Study, seen: Knowledge) -> None:
    with st.container(border=True, key="knew-trials"):
        with head("Trials it could see", "knew-trials-head"):
            small(when(seen.at))
        if not seen.known:
            small("None: this is the first.")
            return
        rows = [
            {
                "trial": f"[{each.number}](study?study={study.id}&trial={each.number})",
                "stood": chip(each.standing),
                f"validation {objective_words(study.objective)}": metric(each.value),
                "changed": escaped(each.changes) or "–",
            }
            for each in seen.known
        ]
        st.table(rows, border="horizontal", hide_index=True)
        if seen.older:
            small(f"and {seen.older} older ones")


def _conclusion(study: Study, seen: Knowledge) -> None:
    with st.container(border=True, key="knew-then"):
        with head(f"So {author_word(seen.author)} proposed trial {seen.number}", "knew-then-head"):
            st.markdown(chip(seen.outcome))
        with row("Changes"):
            st.markdown(escaped(seen.changes) or "nothing: the plain config, or a draw of its own")
        if seen.claim:
            with row("Claim"):
                st.markdown(escaped(seen.claim))
        query = {"study": str(study.id), "trial": str(seen.number)}
        st.page_link("pages/study.py", label="Open the trial", icon=":material/science:", query_params=query)


def _lessons(seen: Knowledge) -> None:
    with st.container(border=True, key="knew-lessons"):
        with head("Lessons it was shown", "knew-lessons-head"):
            small(f"{sum(each.cited for each in seen.lessons)} of {len(seen.lessons)} cited")
        why_retrieved(seen.lessons)
        if seen.lessons:
            small("Scores are of then; claims, records and trust are today's.")


def _axes(seen: Knowledge) -> None:
    with st.container(border=True, key="knew-axes"):
        tried = [axis for axis in seen.axes if axis.tried]
        with head("Axes tried by then", "knew-axes-head"):
            small(f"{len(tried)} of {len(seen.axes)}")
        axes_table(tried)
        missing = [f"`{axis.name}`" for axis in seen.axes if not axis.tried]
        if missing:
            with st.expander(f"{len(missing)} not tried", key="knew-missing"):
                st.markdown(" ".join(missing))


def _go_to(key: str, study_id: int) -> None:
    go_to(study_id, int(st.session_state[key]))
