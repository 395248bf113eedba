"""The search space as a form made from the config's own declaration: each field in a range, fixed, or off."""

from typing import Any

import streamlit as st

from core.space import Param
from core.views.new_study import FIXED, MODES, RANGE, Built, Choice, Field, build_space, fields_of
from pages.components.workspace import escaped

COLUMNS = (("model", "priors"), ("training",))
TITLES = {"model": "Model", "training": "Training", "priors": "Priors, added to the scores after training"}


def built_space(backbone: str) -> Built:
    """The space as the form stands now; the declared ranges before anybody touched it."""
    return build_space(backbone, {field.name: _choice(backbone, field.param) for field in fields_of(backbone)})


def space_form(backbone: str, built: Built) -> None:
    """Draw the form; what it holds is read by `built_space`."""
    legend = " · ".join(f"**{mode}** {meaning}" for mode, meaning in MODES.items())
    st.markdown(f":small[:gray[{legend}]]")
    if "" in built.faults:
        st.error(escaped(built.faults[""]), icon=":material/error:")
    fields = fields_of(backbone)
    for groups, column in zip(COLUMNS, st.columns(2, gap="large"), strict=True):
        with column:
            for group in groups:
                st.markdown(f"**{TITLES[group]}**")
                for field in fields:
                    if field.group == group:
                        _row(backbone, field, built.faults.get(field.name))


def _row(backbone: str, field: Field, fault: str | None) -> None:
    st.markdown(f"`{field.name}` :small[:gray[{escaped(field.help)}]]")
    control, inputs = st.columns([1, 1.5], gap="small", vertical_alignment="center")
    mode = control.segmented_control(
        f"{field.name}: range, fixed or off",
        list(MODES),
        default=RANGE,
        required=True,
        key=_key(backbone, field.param, "mode"),
        label_visibility="collapsed",
        persist_state="page",
    )
    with inputs:
        if mode == RANGE:
            _range(backbone, field.param)
        elif mode == FIXED:
            _value(backbone, field.param)
        else:
            st.markdown(f":gray[stays at] `{field.param.default}`")
    if fault:
        st.markdown(f":red[:material/error:] {escaped(fault)}")


def _range(backbone: str, param: Param) -> None:
    if param.options:
        st.pills(
            f"{param.name}: values to try",
            param.options,
            selection_mode="multi",
            default=param.options,
            format_func=_word,
            key=_key(backbone, param, "options"),
            label_visibility="collapsed",
            wrap=True,
            persist_state="page",
        )
        return
    low, high = st.columns(2, gap="xsmall")
    with low:
        _number(backbone, param, "low", param.low, f"{param.name}: lowest")
    with high:
        _number(backbone, param, "high", param.high, f"{param.name}: highest")


def _value(backbone: str, param: Param) -> None:
    if not param.options:
        return _number(backbone, param, "value", param.default, f"{param.name}: value")
    st.selectbox(
        f"{param.name}: value",
        param.options,
        index=param.options.index(param.default),
        format_func=_word,
        key=_key(backbone, param, "value"),
        label_visibility="collapsed",
        persist_state="page",
    )
    return None


def _number(backbone: str, param: Param, part: str, start: Any, label: str) -> None:
    """Without bounds of its own: a number outside is kept as typed, and the space says what is wrong with it."""
    is_whole = param.kind == "int"
    st.number_input(
        label,
        value=int(start) if is_whole else float(start),
        step=1 if is_whole else _step(param),
        format="%d" if is_whole else "%.6g",
        key=_key(backbone, param, part),
        label_visibility="collapsed",
        persist_state="page",
    )


def _word(option: Any) -> str:
    return str(option).lower() if isinstance(option, bool) else str(option)


def _step(param: Param) -> float:
    assert param.low is not None and param.high is not None
    return param.low if param.log else round((param.high - param.low) / 20, 6)


def _choice(backbone: str, param: Param) -> Choice:
    def held(part: str, otherwise: Any) -> Any:
        return st.session_state.get(_key(backbone, param, part), otherwise)

    return Choice(
        mode=held("mode", RANGE),
        low=held("low", param.low),
        high=held("high", param.high),
        options=tuple(option for option in param.options if option in held("options", param.options)),
        value=held("value", param.default),
    )


def _key(backbone: str, param: Param, part: str) -> str:
    return f"space_{backbone}_{param.name}_{part}"
