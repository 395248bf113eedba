"""The search space as a form made from the config's own declaration: each field in a range, fixed, or off."""

from typing import Any

import streamlit as st

from core.space import Param, SearchSpace
from core.views.space_choices import FIXED, MODES, RANGE, Built, Choice, Field, build_space, choices_of, fields_of
from pages.components.workspace import escaped

COLUMNS = (("model", "priors"), ("training",))
TITLES = {"model": "Model", "training": "Training", "priors": "Priors, added to the scores after training"}


def built_space(scope: str, start: SearchSpace) -> Built:
    """The space as the form of this scope stands now; `start` before anybody touched it."""
    choices = choices_of(start)
    return build_space(start.backbone, {name: _held(scope, start, name, choices[name]) for name in choices})


def space_form(scope: str, start: SearchSpace, built: Built) -> None:
    """Draw the form; what it holds is read by `built_space`. A scope names one form apart from another."""
    legend = " · ".join(f"**{mode}** {meaning}" for mode, meaning in MODES.items())
    st.markdown(f":small[:gray[{legend}]]")
    if "" in built.faults:
        st.error(escaped(built.faults[""]), icon=":material/error:")
    fields, choices = fields_of(start.backbone), choices_of(start)
    for groups, column in zip(COLUMNS, st.columns(2, gap="large"), strict=True):
        with column:
            for group in groups:
                st.markdown(f"**{TITLES[group]}**")
                for field in fields:
                    if field.group == group:
                        _row(scope, field, choices[field.name], built.faults.get(field.name))


def _row(scope: str, field: Field, start: Choice, fault: str | None) -> None:
    st.markdown(f"`{field.name}` :small[:gray[{escaped(field.help)}]]")
    control, inputs = st.columns([1, 1.5], gap="small", vertical_alignment="center")
    mode = control.segmented_control(
        f"{field.name}: range, fixed or off",
        list(MODES),
        default=start.mode,
        required=True,
        key=_key(scope, field.param, "mode"),
        label_visibility="collapsed",
        persist_state="page",
    )
    with inputs:
        if mode == RANGE:
            _range(scope, field.param, start)
        elif mode == FIXED:
            _value(scope, field.param, start)
        else:
            st.markdown(f":gray[stays at] `{field.param.default}`")
    if fault:
        st.markdown(f":red[:material/error:] {escaped(fault)}")


def _range(scope: str, param: Param, start: Choice) -> None:
    if param.options:
        st.pills(
            f"{param.name}: values to try",
            param.options,
            selection_mode="multi",
            default=start.options,
            format_func=_word,
            key=_key(scope, param, "options"),
            label_visibility="collapsed",
            wrap=True,
            persist_state="page",
        )
        return
    low, high = st.columns(2, gap="xsmall")
    with low:
        _number(scope, param, "low", start.low, f"{param.name}: lowest")
    with high:
        _number(scope, param, "high", start.high, f"{param.name}: highest")


def _value(scope: str, param: Param, start: Choice) -> None:
    if not param.options:
        return _number(scope, param, "value", start.value, f"{param.name}: value")
    st.selectbox(
        f"{param.name}: value",
        param.options,
        index=param.options.index(start.value),
        format_func=_word,
        key=_key(scope, param, "value"),
        label_visibility="collapsed",
        persist_state="page",
    )
    return None


def _number(scope: str, param: Param, part: str, start: Any, label: str) -> None:
    """Without bounds of its own: a number outside is kept as typed, and the space says what is wrong with it."""
    is_whole = param.kind == "int"
    st.number_input(
        label,
        value=int(start) if is_whole else float(start),
        step=1 if is_whole else _step(param),
        format="%d" if is_whole else "%.6g",
        key=_key(scope, param, part),
        label_visibility="collapsed",
        persist_state="page",
    )


def _word(option: Any) -> str:
    return str(option).lower() if isinstance(option, bool) else str(option)


def _step(param: Param) -> float:
    assert param.low is not None and param.high is not None
    return param.low if param.log else round((param.high - param.low) / 20, 6)


def _held(scope: str, start: SearchSpace, name: str, untouched: Choice) -> Choice:
    """What the form holds of a field, or where it starts."""
    param = start.declared[name]

    def held(part: str) -> Any:
        return st.session_state.get(_key(scope, param, part), getattr(untouched, part))

    chosen = held("options")
    return Choice(
        mode=held("mode"),
        low=held("low"),
        high=held("high"),
        options=tuple(option for option in param.options if option in chosen),
        value=held("value"),
    )


def _key(scope: str, param: Param, part: str) -> str:
    return f"space_{scope}_{param.name}_{part}"
