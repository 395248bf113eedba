"""The race in one picture: regret over trials paid for, one panel a table."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

from benchmarks.racing.track import Moment
from benchmarks.tables.table import Table

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

LENGTH = 20
COLOURS = {"expert": "#2f6fe0", "tpe": "#c9660f", "gp": "#7b4fc0", "random": "#6b7588", "grid": "#b0b7c3"}
DASHES = {"expert": "-", "tpe": "--", "gp": "-.", "random": ":", "grid": (0, (1, 3))}


def draw(races: Mapping[str, Mapping[str, Sequence[Sequence[Moment]]]], tables: Sequence[Table], path: Path) -> None:
    """`races[table][racer]` holds repeats. Writes a PNG."""
    columns = min(4, len(tables))
    rows = math.ceil(len(tables) / columns)
    figure, panels = plt.subplots(rows, columns, figsize=(3.2 * columns, 2.5 * rows), squeeze=False, sharex=True)
    for panel, table in zip(panels.flat, tables, strict=False):
        for racer, repeats in races[table.name].items():
            if racer in COLOURS:
                regret = np.mean([_over_trials(moments, table) for moments in repeats], axis=0)
                panel.plot(range(LENGTH + 1), 100 * regret, color=COLOURS[racer], ls=DASHES[racer], label=racer)
        panel.set_title(table.name, fontsize=9, loc="left")
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)
        panel.axhline(0, color="#b0b7c3", linewidth=0.8)
    for panel in panels.flat[len(tables) :]:
        panel.set_visible(False)
    panels[0, 0].legend(fontsize=8, frameon=False)
    figure.supxlabel("trials paid for, after the baseline", fontsize=9)
    figure.supylabel("regret, % of the best cell's NDCG@10", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _over_trials(moments: Sequence[Moment], table: Table) -> list[float]:
    told, place = [], 0
    for count in range(LENGTH + 1):
        while place + 1 < len(moments) and moments[place + 1].cost <= count:
            place += 1
        told.append(table.regret(moments[place].cell))
    return told
