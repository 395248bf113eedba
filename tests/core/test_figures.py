"""Figures as people read them."""

import pytest

from core.figures import change, duration, metric, param_changes, param_value, percent, signed, signed_percent, size


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (metric(0.063149), "0.0631"),
        (metric(None), "–"),
        (signed(0.0048), "+0.0048"),
        (signed(-0.00124), "−0.0012"),
        (signed(-0.00001), "0"),
        (percent(0.1234), "12.3 %"),
        (signed_percent(-0.02), "−2.0 %"),
        (signed_percent(0.0), "0 %"),
        (change(0.0048, 0.0026, 0.0070), "+0.0048 ± 0.0022"),
        (change(0.0048, None, None), "+0.0048 (noise unknown)"),
        (duration(12.4), "12 s"),
        (duration(59.7), "1 min 0 s"),
        (duration(200), "3 min 20 s"),
        (duration(1800), "30 min"),
        (duration(5040), "1 h 24 min"),
        (duration(4 * 86_400 + 3 * 3600), "4 days 3 h"),
        (duration(None), "–"),
        (param_value(None), "none"),
        (param_value(True), "on"),
        (param_value(0.000251), "0.000251"),
        (param_value(64), "64"),
        (
            param_changes({"dropout": (0.2, 0.620458704905648), "ffn": ("relu", "gelu")}),
            "dropout 0.2 → 0.6205, ffn relu → gelu",
        ),
        (size(999), "999 B"),
        (size(12_345_678), "12.3 MB"),
    ],
)
def test_a_figure_is_written_the_same_way_everywhere(shown, expected):
    assert shown == expected
