"""What the learning curves draw: the noise band, the current best, the reference lines, labels that keep apart."""

from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
import pytest

from core.views.curves import VALIDATION, Curves, Line
from pages.components import curves as drawn
from pages.components.curves import BOTH, Look, apart, curves_figure
from pages.components.style import LIGHT

BEST, NOISE = 0.06, 0.002


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a page there is no theme to ask for."""
    monkeypatch.setattr(drawn, "palette", lambda: LIGHT)


def line(number: int, role: str, *values: float) -> Line:
    epochs = tuple(range(1, len(values) + 1))
    return Line(number, role, f"{number} {role}", False, epochs, epochs, values, (), (), (0.5,) * len(values))


SEEN = Curves((line(2, "best", 0.03, 0.05, BEST), line(1, "baseline", 0.03, 0.04, 0.05)), BEST, NOISE)


def heights(figure: go.Figure) -> list[tuple[str, float, float]]:
    return [(shape.type, shape.y0, shape.y1) for shape in figure.layout.shapes]


def labels(figure: go.Figure) -> dict[str, Any]:
    return {note.text: note.y for note in figure.layout.annotations}


@pytest.mark.parametrize("what", [VALIDATION, BOTH])
def test_the_noise_band_and_the_current_best_are_drawn(what: str):
    shapes = heights(curves_figure(SEEN, what, "epoch"))
    assert ("rect", pytest.approx(BEST - NOISE), pytest.approx(BEST + NOISE)) in shapes
    assert ("line", BEST, BEST) in shapes and len(shapes) == 2


def test_reference_lines_are_dotted_and_named_and_widen_the_plot():
    figure = curves_figure(SEEN, VALIDATION, "epoch", [("Markov", 0.04), ("co-occurrence", 0.07)])
    assert {("line", 0.04, 0.04), ("line", 0.07, 0.07)} <= set(heights(figure))
    assert {"Markov", "co-occurrence"} <= labels(figure).keys()
    assert figure.layout.yaxis.range[1] > 0.07


def test_a_reference_line_far_below_the_curves_is_left_out():
    figure = curves_figure(SEEN, VALIDATION, "epoch", [("popularity", 0.004)])
    assert "popularity" not in labels(figure) and figure.layout.yaxis.range[0] > 0.02


def test_the_training_loss_has_neither():
    assert not curves_figure(SEEN, "train loss", "epoch", [("Markov", 0.04)]).layout.shapes


def test_labels_at_line_ends_keep_apart_and_inside():
    places = apart([1.0, 1.0, 1.0, 9.9, 10.0], 1.0, 0.0, 10.0)
    assert all(b - a >= 1.0 - 1e-9 for a, b in pairwise(places))
    assert places[0] >= 0.0 and places[-1] <= 10.0


def test_looks_by_number_go_before_those_of_the_role():
    figure = curves_figure(SEEN, VALIDATION, "epoch", looks={1: Look("#123456", "#123456", dash="dot")})
    drawn_as = {trace.name: trace.line for trace in figure.data}
    assert (drawn_as["1 baseline"].color, drawn_as["1 baseline"].dash) == ("#123456", "dot")
    assert drawn_as["2 best"].color == LIGHT.green
