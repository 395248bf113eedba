"""How a dialog opens, acts and ends. The frame of the page draws it, outside all fragments: Streamlit does not draw a
fragment whose parent runs at the same time, and a dialog opened within one that refreshes would miss its own acts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Literal, ParamSpec

import streamlit as st

from core.views.problems import EXPECTED
from pages.components.workspace import ACTING, SAID, escaped, told

P = ParamSpec("P")

_WANTED = "dialog is wanted"
_DONE = "dialog is done"
REFUSED = "dialog was refused"


def dialog(
    title: str, width: Literal["small", "medium", "large"] = "small"
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """What `st.dialog` is, for a page that opens with `frame`: calling the function ends the run and opens the dialog
    in the next; a callback that acts or closes it does so before it is drawn again."""

    def made(draw: Callable[P, None]) -> Callable[P, None]:
        @wraps(draw)
        def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
            if st.session_state.pop(_DONE, False):
                st.rerun()  # the one way Streamlit has to close a dialog from within
            draw(*args, **kwargs)

        @wraps(draw)
        def opened(*args: P.args, **kwargs: P.kwargs) -> None:
            for last in (_DONE, REFUSED):
                st.session_state.pop(last, None)
            st.session_state[_WANTED] = partial(st.dialog(title, width=width)(drawn), *args, **kwargs)
            st.rerun()

        return opened

    return made


def show() -> None:
    """For the frame of the page: what the last dialog's act said, and the dialog that the last run asked for."""
    for said in st.session_state.pop(SAID, ()):
        said()
    if wanted := st.session_state.pop(_WANTED, None):
        wanted()


def close() -> None:
    """For callbacks: the dialog that is open has done its work (or the person goes back)."""
    st.session_state[_DONE] = True


def refusal() -> None:
    """Above a dialog's buttons: why its last act was refused, until the next one."""
    if refused := st.session_state.get(REFUSED):
        st.error(escaped(str(refused)), icon=":material/error:")


@contextmanager
def acting() -> Iterator[None]:
    """For a dialog's callback: act, then close it. Refused, it stays open with all that was typed, and says why:
    anything drawn in the callback itself would take the dialog's place in the browser, which then falls over what the
    dialog goes on to draw. What the act says (`say`) comes once the dialog has closed."""
    st.session_state.pop(REFUSED, None)
    st.session_state[ACTING] = True
    try:
        yield
    except EXPECTED as problem:
        st.session_state[REFUSED] = told(problem)
    else:
        close()
    finally:
        del st.session_state[ACTING]
