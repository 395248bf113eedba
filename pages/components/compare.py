"""Cards of the Compare page: trials by what differs, their paired intervals, two studies at equal time."""

from dataclasses import replace

import streamlit as st

from core.figures import change, metric, objective_words
from core.views.compare import Race, Standing, Trials, reading
from core.views.curves import VALIDATION, Curves, curves, only, smoothed
from core.views.study import protocol_words
from pages.components.chart import chart
from pages.components.chips import chip
from pages.components.curves import Look, curves_figure
from pages.components.insight import race_figure
from pages.components.intervals import Bar, height_of, interval_figure, told
from pages.components.live import versioned
from pages.components.references import References
from pages.components.rows import head, small
from pages.components.style import Palette, palette
from pages.components.workspace import escaped, workspace

HEIGHT = 340
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")  # of the trials beside the reference, with a colour each
VERDICTS = {"better": "ahead", "not better": "behind", "inconclusive": "not told apart"}


def fields_card(seen: Trials) -> None:
    """One column for each trial, one row for each field that differs."""
    with st.container(border=True, key="compare-fields", height="stretch"):
        with head("What differs", "compare-fields-head"):
            everything = st.toggle("All fields", key="compare_all")
        rows = [_row("verdict", [chip(each.standing) for each in seen.columns], seen)]
        objective = objective_words(seen.study.objective)
        rows.append(_row(objective, [f"**{each.value}**" for each in seen.columns], seen))
        rows.append(_row("seeds", [each.seeds for each in seen.columns], seen))
        rows.append(_row("training", [each.time for each in seen.columns], seen))
        shown = [field for field in seen.fields if everything or field.differs]
        for field in shown:
            marked = [f"**{value}**" if field.differs and everything else value for value in field.values]
            rows.append(_row(f"`{field.name}`", marked, seen))
        st.table(rows, border="horizontal", hide_index=True)
        same = len(seen.fields) - sum(field.differs for field in seen.fields)
        if not everything:
            small(f"{same} other fields are the same." if shown else "Not one field differs: only the seeds do.")


def _row(name: str, values: list[str], seen: Trials) -> dict[str, str]:
    links = [f"[trial {each.number}](study?study={seen.study.id}&trial={each.number})" for each in seen.columns]
    return {"": name, **dict(zip(links, values, strict=True))}


def intervals_card(seen: Trials) -> None:
    """Each against the reference, user by user, as a verdict is made."""
    with st.container(border=True, key="compare-intervals", height="stretch"):
        head(f"Against trial {seen.reference}", "compare-intervals-head")
        bars = [
            Bar(f"trial {each.number}", each.comparison.difference, each.comparison.low, each.comparison.high, verdict)
            for each in seen.beside
            if each.comparison is not None and (verdict := str(each.comparison.verdict))
        ]
        if bars:
            drawn = interval_figure(bars, seen.noise_floor, seen.study.min_gain)
            key = f"compare-{seen.study.id}-{seen.reference}-{'-'.join(str(c.number) for c in seen.columns)}"
            what = objective_words(seen.study.objective)
            alt = f"Change of validation {what} against trial {seen.reference}: {told(bars)}"
            chart(drawn, key=key, alt=alt, height=height_of(bars))
            small("95 % intervals over the same users, seed noise pooled over the study. Grey: the noise floor.")
            small(
                "For looking, not for keeping: only the verdict a trial was given decides, since many looks at many "
                "pairs find a false “better” sooner or later."
            )
        for each in seen.beside:
            if each.comparison is None:
                small(f"Trial {each.number}: {each.problem}.")
        small(protocol_words(seen.study))


def curves_card(seen: Trials, references: References = ()) -> None:
    """The validation curves of the chosen trials, smoothed and on a logarithmic axis where wanted."""
    study, numbers = seen.study, [each.number for each in seen.columns]
    with st.container(border=True, key="compare-curves"):
        line = head("Learning curves", "compare-curves-head")
        with line, st.popover("", icon=":material/tune:", help="Axis and smoothing", key="compare-curves-more"):
            by = st.segmented_control("Along", ["epoch", "minutes"], default="epoch", required=True, key="compare_by")
            is_log = st.toggle("Logarithmic", key="compare_log")
            weight = st.slider("Smoothing", 0.0, 0.9, 0.0, 0.1, key="compare_smooth")
        whole = versioned(
            f"compare-curves-{study.id}",
            (study.version, tuple(numbers)),
            lambda: only(curves(workspace().store, study, None, numbers, seen.noise_floor), numbers),
        )
        if not whole.lines:
            small("None of these trials has an epoch on record.")
            return
        named = _named(smoothed(whole, float(weight)), seen)
        drawn = curves_figure(named, VALIDATION, str(by), references, looks(seen, palette()), HEIGHT)
        if is_log:
            drawn.update_xaxes(type="log")
        ends = ", ".join(f"trial {line.number} {max(line.validation):.4f}" for line in whole.lines if line.validation)
        key = f"compare-curves-{study.id}-{'-'.join(map(str, numbers))}-{by}-{is_log}"
        chart(
            drawn,
            key=key,
            alt=f"Validation {objective_words(study.objective)} by {by}; best epochs: {ends}",
            height=HEIGHT,
        )
        if said := reading(seen):
            st.markdown(said)
        band = (
            "smoothed; the band of the seeds is left out"
            if weight
            else "bands of their colour: the spread of the seeds"
        )
        best = " · dotted green in grey: the current best and the noise floor" if whole.best is not None else ""
        small(f"Validation {objective_words(study.objective)} · {band}{best}")


def looks(seen: Trials, colours: Palette) -> dict[int, Look]:
    """The reference in the colour of text, each other trial in a colour and a dash of its own."""
    others = [column.number for column in seen.columns if column.number != seen.reference]
    own = zip(others, colours.series, DASHES, strict=False)
    return {seen.reference: Look(colours.text, colours.text, 2.4)} | {
        number: Look(colour, colour, 2.0, dash) for number, colour, dash in own
    }


def _named(curves: Curves, seen: Trials) -> Curves:
    """Lines labelled by what sets their trial apart; a run under way says so."""
    labels = seen.labels
    lines = (
        replace(line, label=f"{line.number} running" if line.is_live else labels[line.number]) for line in curves.lines
    )
    return replace(curves, lines=tuple(lines))


def race_card(seen: Race, references: References = ()) -> None:
    """The two lines, what each had at equal time, and the paired difference of those."""
    with st.container(border=True, key="compare-race"):
        with head(f"After {seen.minutes:.1f} min of training each", "compare-race-head"):
            verdict = str(seen.comparison.verdict)
            st.markdown(chip(verdict, VERDICTS[verdict]))
        with st.grid(2, min_column_width=160):
            _standing(seen.ours)
            _standing(seen.theirs)
        difference = change(seen.comparison.difference, seen.comparison.low, seen.comparison.high)
        names = f"{escaped(seen.ours.study.name)} minus {escaped(seen.theirs.study.name)}"
        st.markdown(f"**{difference}** :small[:gray[{names}: their bests of that moment, over the same users]]")
        drawn = race_figure(list(seen.racers), by_minutes=True, references=references)
        drawn.add_vline(seen.minutes, line={"color": palette().muted, "dash": "dot", "width": 1})
        ends = ", ".join(f"{each.name} {each.values[-1]:.4f}" for each in seen.racers)
        key = f"race-{seen.ours.study.id}-{seen.theirs.study.id}"
        chart(drawn, key=key, alt=f"Best so far by training minutes: {ends}", height=260)
        small(f"Dotted: the time both have reached. {protocol_words(seen.ours.study)}")


def _standing(each: Standing) -> None:
    st.metric(
        escaped(each.study.name),
        metric(each.value),
        delta_description=f"trial {each.best.number}, after {each.trials} judged · {each.agent}",
    )
