"""What would be retrieved: choose data and backbone, see the lessons ranked, their score in parts, why in or out."""

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from core.figures import param_changes
from core.records import Dataset, Study
from core.views.asked import PINNED, Asked, Ranked, asked
from core.views.lessons import shortened
from core.views.new_study import DEFAULT, backbones
from core.views.transfer import near_of
from core.workspace import Workspace
from pages.components.chart import chart
from pages.components.cited import clause_line
from pages.components.import_form import import_link
from pages.components.live import REFRESH
from pages.components.rows import small
from pages.components.style import Palette, figure, palette
from pages.components.workspace import escaped, shown_errors

COLOURS = {"text": "blue", "profile": "gray", "conditions": "green", "confidence": "violet", PINNED: "orange"}
BAR = 26  # px
MOST_NEAR = 4
LONGEST_CLAIM = 180  # characters


def asked_view(parts: Workspace, study: Study | None) -> None:
    """The question and its answer."""
    datasets = {dataset.id: dataset for dataset in reversed(parts.store.datasets.all())}
    if not datasets:
        st.markdown("**No dataset is here yet.** Lessons are found by what a dataset is like: import one first.")
        import_link("Import a dataset")
        return
    dataset, backbone, without = _question(datasets, study)
    with shown_errors():
        answer = asked(parts, dataset, backbone, without)
        left, right = st.columns([1.5, 1], gap="medium")
        with left:
            _shown(answer)
        with right:
            _beginning(answer)
            _passed_over(answer)


def _question(datasets: dict[str, Dataset], study: Study | None) -> tuple[Dataset, str, bool]:
    own = study.dataset_id if study else None
    options, titles = list(datasets), backbones()
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "A new study on",
            options,
            options.index(own) if own in options else 0,
            format_func=lambda id: datasets[id].name,
            key="asked_dataset",
            width=240,
        )
        start = study.backbone if study else DEFAULT.backbone
        backbone = st.selectbox(
            "with",
            list(titles),
            list(titles).index(start),
            format_func=lambda name: titles[name].partition(" (")[0],
            key="asked_backbone",
            width=200,
        )
        without = st.toggle(
            "as if nothing had been learned on this data",
            key="asked_without",
            help="leaves out lessons of its lineage, as `--without-lineage` does",
        )
    return datasets[chosen], backbone, without


def _shown(answer: Asked) -> None:
    with st.container(border=True):
        count = len(answer.shown)
        heading = f"{count} {'lesson' if count == 1 else 'lessons'} would be shown to the agent"
        st.subheader(heading if count else "No lesson would be shown", anchor=False)
        if not answer.shown:
            st.markdown("Nothing in the memory is in scope for this data and backbone.")
            return
        _bars(answer.shown)
        for each in answer.shown:
            _lesson(each)


@st.fragment(run_every=REFRESH)
def _bars(shown: Sequence[Ranked]) -> None:
    """A fragment, so that the chart follows a switch of theme."""
    words = "; ".join(f"{each.title} {each.score:.2f}: {_sum(each)}" for each in shown)
    chart(score_figure(shown), key="asked_scores", alt=words, height=BAR * len(shown) + 52)


def score_figure(shown: Sequence[Ranked]) -> go.Figure:
    """One bar for each lesson, the best on top; its parts add up to the score at its end."""
    colours = palette()
    drawn = figure(colours)
    names = {part.name: part.words for each in shown for part in each.parts}
    for name, words in names.items():
        _part(drawn, colours, shown, (name, words))
    drawn.update_layout(barmode="stack", bargap=0.35, margin={"l": 8, "r": 44, "t": 24, "b": 4}, showlegend=True)
    drawn.update_layout(legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"})
    for place, each in enumerate(shown, 1):
        text = f"<b>{each.score:.2f}</b>"
        drawn.add_annotation(x=each.score, y=-place, text=text, showarrow=False, xanchor="left", xshift=6)
    drawn.update_yaxes(
        tickvals=[-place for place in range(1, len(shown) + 1)],
        ticktext=[f"{each.place}  " for each in shown],
        range=[-len(shown) - 0.5, -0.5],
        showgrid=False,
        fixedrange=True,
    )
    drawn.update_xaxes(visible=False, range=[0, max(1.0, *(each.score for each in shown)) * 1.02], fixedrange=True)
    return drawn


def _part(drawn: go.Figure, colours: Palette, shown: Sequence[Ranked], part: tuple[str, str]) -> None:
    name, words = part
    held = [next((each for each in lesson.parts if each.name == name), None) for lesson in shown]
    told = [f"{words}: {each.share:.2f} × {each.weight:g}" if each else "" for each in held]
    drawn.add_bar(
        y=[-place for place in range(1, len(shown) + 1)],
        x=[each.value if each else 0.0 for each in held],
        orientation="h",
        name=words,
        marker={"color": colours.mark(COLOURS[name]), "opacity": 0.75},
        hovertext=told,
        hoverinfo="text",
    )


def _lesson(each: Ranked) -> None:
    """Its place, its claim, each condition with the value here, and why it is in."""
    with st.container(gap="xsmall", key=f"asked-{each.lesson.id}"):
        sets = f" :blue-badge[sets {each.sets.replace('_', ' ')} first]" if each.sets else ""
        st.markdown(f"**{each.place}** [{escaped(each.title)}](/memory?lesson={each.lesson.id}){sets}")
        st.markdown(escaped(shortened(each.lesson.claim, LONGEST_CLAIM)))
        small(f"{each.why} · {_sum(each)}" + (f" · found by “{escaped(each.phrase)}”" if each.phrase else ""))
        if each.clauses:
            st.markdown(" · ".join(clause_line(clause.text, clause.value, clause.met) for clause in each.clauses))
        elif each.lesson.level == "cognition":
            small("no conditions: it applies everywhere")


def _sum(each: Ranked) -> str:
    return " + ".join(f"{part.words} {part.value:.2f}" for part in each.parts)


def _beginning(answer: Asked) -> None:
    """The datasets it is compared with, and the configs that the lessons make."""
    seen = answer.preview
    with st.container(border=True):
        st.subheader("How the study would begin", anchor=False)
        if answer.version:
            st.markdown(f":material/history: {escaped(answer.version)}")
        if seen.known_here:
            known = "1 lesson was" if seen.known_here == 1 else f"{seen.known_here} lessons were"
            st.markdown(
                f":orange[:material/info:] {known} learned on this very data: no transfer, but an answer known."
            )
        for place, each in enumerate(seen.transferred[:2], 1):
            changes = " ".join(f":blue-badge[{param_changes({name: pair})}]" for name, pair in each.changes.items())
            st.markdown(f"**Config {place}** {changes}")
            small(escaped(each.sentence))
        if not seen.transferred:
            st.markdown("With its plain baseline, and one field at a time: nothing here sets a field.")
        if seen.nearest:
            near = [near_of(each) for each in seen.nearest[:MOST_NEAR]]
            small("Most like it: " + " · ".join(f"{escaped(each.dataset.name)} {each.likeness:.2f}" for each in near))


def _passed_over(answer: Asked) -> None:
    with st.container(border=True):
        st.subheader("Left out, and why", anchor=False)
        rows = [(each.lesson.id, each.title, each.why) for each in answer.passed_over]
        rows += [(each.lesson.id, each.title, each.why) for each in answer.outside]
        if not rows:
            st.markdown("Nothing: every lesson in use is shown.")
            return
        for id, title, why in rows:
            st.markdown(f"[{escaped(title)}](/memory?lesson={id}) :small[:gray[{escaped(why)}]]")
        if answer.more_outside:
            small(f"and {answer.more_outside} more")
