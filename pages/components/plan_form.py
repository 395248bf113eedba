"""The choices of a new study but for its data and its search space, and the plan they make."""

from typing import Any

import streamlit as st

from core.agents.names import LLM
from core.space import SearchSpace
from core.states import Autonomy
from core.studies.starting import MOST_PARALLEL
from core.views.glossary import WORDS
from core.views.limits import CAP_WORDS, GUARD_WORDS, caps_for
from core.views.new_study import (
    AUTONOMY,
    DEFAULT,
    OBJECTIVES,
    SHORTEST_MINUTES,
    WINDOW_MINUTES,
    Answers,
    agents,
    backbones,
    leaves_for_provider,
)
from core.views.space_choices import fields_of
from pages.components.limits_form import cap_fields, gate_boxes, gates_off, given, guard_fields
from pages.components.rows import explained, small
from pages.components.workspace import workspace

REJECTED = "lessons rejected before the start"  # (dataset, backbone) -> ids
WITHOUT_LINEAGE = "without_lineage"
KEY = "plan"


def held(name: str, otherwise: Any = None) -> Any:
    """What the form holds under a name; `otherwise` before it was drawn."""
    return st.session_state.get(f"{KEY}_{name}", otherwise)


def rejected_lessons(dataset: str, backbone: str) -> tuple[int, ...]:
    """Lessons that the memory offered for this data and backbone, and that were rejected."""
    found: tuple[int, ...] = st.session_state.get(REJECTED, {}).get((dataset, backbone), ())
    return found


def leave_lineage_out() -> None:
    """For callbacks: the study shall not know what was learned on its own data."""
    st.session_state[f"plan_{WITHOUT_LINEAGE}"] = True


def chosen_backbone() -> str:
    """The backbone, also before the form was drawn."""
    return str(held("backbone", DEFAULT.backbone))


def answers(dataset: str, space: SearchSpace) -> Answers:
    """The form as it stands."""
    return Answers(
        dataset=dataset,
        backbone=chosen_backbone(),
        space=space,
        name=held("name", ""),
        objective=held("objective", DEFAULT.objective),
        trials=held("trials", DEFAULT.trials),
        epochs=held("epochs", DEFAULT.epochs),
        autonomy=held("autonomy", DEFAULT.autonomy),
        deadline_minutes=held("deadline"),
        agent=held("agent", DEFAULT.agent),
        min_gain=held("min_gain", DEFAULT.min_gain),
        guards=given(f"{KEY}_", list(GUARD_WORDS)),
        caps=given(f"{KEY}_cap_", list(CAP_WORDS)),
        gates_off=gates_off(KEY),
        seed=held("seed", DEFAULT.seed),
        instructions=held("instructions", ""),
        production=held("production", ""),
        use_memory=held("memory", DEFAULT.use_memory),
        extra_seeds=held("extra_seeds", DEFAULT.extra_seeds),
        use_reflection=held("reflection", DEFAULT.use_reflection),
        use_pruning=held("pruning", DEFAULT.use_pruning),
        ask_for=tuple(held("ask_for", ())),
        parallel=held("parallel", DEFAULT.parallel),
        rejected=rejected_lessons(dataset, chosen_backbone()),
        memory_off_percent=held("memory_off", DEFAULT.memory_off_share * 100),
        without_lineage=held(WITHOUT_LINEAGE, DEFAULT.without_lineage),
    )


def main_choices() -> None:
    """What every study needs: model, objective, budget, who decides."""
    model, objective = st.columns(2)
    titles = backbones()
    with model, explained("the model whose knobs are tuned"):
        st.selectbox("Backbone", list(titles), format_func=titles.__getitem__, key="plan_backbone")
    with objective, explained("what the agent raises"):
        st.selectbox(
            "Objective",
            OBJECTIVES,
            index=OBJECTIVES.index(DEFAULT.objective),
            format_func=lambda name: f"validation {name.upper().replace('RECALL', 'Recall')}",
            key="plan_objective",
            help=WORDS["metric@k"],
        )
    trials, epochs = st.columns(2)
    with trials, explained("configs to try, the baseline first"):
        st.number_input("Trials", 1, 10_000, DEFAULT.trials, key="plan_trials")
    with epochs, explained("of one run; most runs stop early"):
        st.number_input("Epochs at most", 1, 10_000, DEFAULT.epochs, key="plan_epochs")
    st.radio(
        "Who decides",
        list(AUTONOMY),
        format_func=lambda name: AUTONOMY[name][0],
        captions=[line for _, line in AUTONOMY.values()],
        key="plan_autonomy",
    )
    _deadline(str(held("autonomy", DEFAULT.autonomy)))
    _ask_for(str(held("autonomy", DEFAULT.autonomy)))


def _deadline(autonomy: str) -> None:
    if autonomy not in (Autonomy.EACH, Autonomy.WINDOW):
        return
    runs = autonomy == Autonomy.WINDOW
    st.number_input(
        "Minutes to veto before it runs" if runs else "Minutes until a proposal expires (blank: never)",
        min_value=SHORTEST_MINUTES,
        value=None,
        step=5.0,
        format="%.6g",
        placeholder=f"{WINDOW_MINUTES:.0f}" if runs else "never",
        key="plan_deadline",
        persist_state="page",
    )


def _ask_for(autonomy: str) -> None:
    if autonomy != Autonomy.GATED:
        return
    known = [field.name for field in fields_of(chosen_backbone())]
    with explained("a proposal that changes one of them waits for you"):
        st.multiselect(
            "Always ask before changing",
            known,
            key="plan_ask_for",
            persist_state="page",
            placeholder="no field in particular",
        )


def gates() -> None:
    """What makes a gated study ask; nothing for any other."""
    if held("autonomy", DEFAULT.autonomy) == Autonomy.GATED:
        gate_boxes(KEY, is_open=True)


def rules() -> None:
    """When a better trial may become the current best."""
    with explained("a trial is better only if the whole 95 % interval of its gain lies above this"):
        st.number_input(
            f"Smallest gain worth keeping ({held('objective', DEFAULT.objective).upper()})",
            min_value=0.0,
            value=DEFAULT.min_gain,
            step=0.0005,
            format="%.4f",
            key="plan_min_gain",
            help=f"Verdict: {WORDS['verdict']}. Noise floor: {WORDS['noise floor']}; that of an earlier study on this "
            "data is a measure of what is worth a trial. A study ends early once no step is likely to gain more, which "
            "at 0 is seldom.",
        )
    guard_fields(KEY)


def caps() -> None:
    """What the study may take at most."""
    cap_fields(KEY, caps_for(str(held("agent", DEFAULT.agent))))


def agent_choices() -> None:
    """Who plans, what it may remember, what it must heed."""
    names = agents(workspace().settings.model)
    chosen = st.selectbox("Agent", list(names), format_func=names.__getitem__, key="plan_agent")
    small(leaves_for_provider() if chosen == LLM else "plans every trial and reflects on what came of it")
    has_memory = _switch(
        "memory", "Plan with memory", DEFAULT.use_memory, "lessons of earlier studies are found for every proposal"
    )
    _memory_choices(has_memory)
    _switch(
        "extra_seeds",
        "One more seed for a promising trial",
        DEFAULT.extra_seeds,
        "an inconclusive gain of at least one standard error earns a second look, once (in *each* it is asked for)",
    )
    _switch(
        "reflection",
        "Learn from this study",
        DEFAULT.use_reflection,
        "writes reflections and lessons; off, as a control, the memory learns nothing",
    )
    _switch(
        "pruning",
        "Stop hopeless runs",
        DEFAULT.use_pruning,
        "a run far below the current best at the same epoch is pruned; you may run it to its end",
    )
    with explained("several are planned on different fields; results may come in any order"):
        st.number_input("Proposals at a time", 1, MOST_PARALLEL, DEFAULT.parallel, key="plan_parallel")
    with explained("heeded in every proposal; you may change them while the study runs"):
        st.text_area(
            "Standing instructions",
            key="plan_instructions",
            max_chars=4_000,
            height=90,
            placeholder="such as: leave max_len alone; prefer smaller models",
        )


def _switch(name: str, label: str, on: bool, line: str, disabled: bool = False) -> bool:
    """A toggle with its meaning in a line below; whether it is on."""
    with explained(line):
        return st.toggle(label, on, key=f"plan_{name}", disabled=disabled)


def _memory_choices(has_memory: bool) -> None:
    """What of the memory is kept back, to see what it is worth."""
    _switch(
        WITHOUT_LINEAGE,
        "Leave out what was learned on this data",
        DEFAULT.without_lineage,
        "and on its other versions: then what helps is transfer, no answer known before",
        disabled=not has_memory,
    )
    with explained("drawn by chance, as a control within the study: what the others gain is what the memory is worth"):
        st.number_input(
            "Proposals planned with memory off (%)",
            0.0,
            100.0,
            DEFAULT.memory_off_share * 100,
            step=10.0,
            format="%.6g",
            key="plan_memory_off",
            disabled=not has_memory,
        )


def further_choices() -> None:
    """Name, seed, and the config to be beaten."""
    name, seed = st.columns([1.6, 1])
    with name, explained("in lists and on the command line"):
        st.text_input("Name", key="plan_name", max_chars=200, placeholder="dataset-backbone")
    with seed, explained("runs count up from it"):
        st.number_input("First seed", 0, 2**31, DEFAULT.seed, key="plan_seed")
    with explained("runs beside the baseline with three seeds, so that the report can compare with it"):
        st.text_area(
            "Config in production (optional)",
            key="plan_production",
            height=110,
            placeholder="lr=0.002\nnum_blocks=3\nor JSON",
        )
