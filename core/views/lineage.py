"""Which trial came of which: a tree whose trunk leads to the current best, with the difference on every edge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.figures import signed
from core.records import Study
from core.store import Store
from core.store.trial_lines import TrialFilter, TrialLine
from core.views.inbox import shown

MOST_ROWS = 50
MOST_FIELDS = 2  # of a difference that are told on the edge
MOST_LANES = 6


@dataclass(frozen=True)
class Node:
    """A trial in its row; the trunk is lane 0, what branches off is further right. `edge` tells what differs from the
    trial at `parent_row`, `gain` against what it was judged."""

    number: int
    standing: str
    row: int
    lane: int
    parent_row: int | None
    edge: str
    whole_edge: str
    gain: str
    value: float | None
    is_best: bool
    author: str


@dataclass(frozen=True)
class Lineage:
    """`left_out` older trials are not drawn; the best one is called `best_word`."""

    nodes: tuple[Node, ...]
    left_out: int
    best_word: str = "current best"


def lineage(store: Store, study: Study, chosen: int | None = None) -> Lineage:
    """The trunk, the chosen trial's line and the newest of the others; archived trials are left out."""
    lines = store.trial_lines.page(study.id, TrialFilter(), "number", False, None)
    if not lines:
        return Lineage((), 0)
    known = {line.id: line for line in lines}
    root = next((line for line in lines if line.kind == "baseline"), lines[0])
    parents = {line.id: _parent(line, root, known) for line in lines}
    best = study.best_id or root.id
    trunk = _way_up(best if best in known else root.id, parents)
    kept = _kept(lines, parents, trunk, chosen)
    children: dict[int, list[TrialLine]] = {}
    for line in lines:
        parent = parents[line.id]
        if line.id in kept and parent is not None:
            children.setdefault(parent, []).append(line)
    nodes = _placed(root, children, frozenset(trunk), best)
    return Lineage(tuple(nodes), len(lines) - len(nodes), "recommended" if study.recommended_id else "current best")


def _parent(line: TrialLine, root: TrialLine, known: Mapping[int, TrialLine]) -> int | None:
    """What it was planned from; a draw from nothing and a person's own hang on the baseline."""
    if line.id == root.id:
        return None
    return line.base_id if line.base_id in known and line.base_id != line.id else root.id


def _way_up(id: int, parents: Mapping[int, int | None]) -> list[int]:
    way: list[int] = []
    at: int | None = id
    while at is not None and at not in way:
        way.append(at)
        at = parents[at]
    return way


def _kept(
    lines: Sequence[TrialLine], parents: Mapping[int, int | None], trunk: Sequence[int], chosen: int | None
) -> set[int]:
    """Ids to draw: whole lines up to the root, as many as there is room for."""
    kept = set(trunk)
    wanted = [line for line in lines if line.number == chosen] + list(reversed(lines))
    for line in wanted:
        way = set(_way_up(line.id, parents))
        if len(kept | way) <= MOST_ROWS or line.number == chosen:
            kept |= way
    return kept


def _placed(
    root: TrialLine, children: Mapping[int, Sequence[TrialLine]], trunk: frozenset[int], best: int
) -> list[Node]:
    """Depth first, side branches before the trunk goes on; the stack is kept by hand, since a line may be long."""
    nodes: list[Node] = []
    waiting: list[tuple[TrialLine, Node | None, TrialLine | None, int]] = [(root, None, None, 0)]
    while waiting:
        at, above, before, its_lane = waiting.pop()
        node = _node(at, above, before, its_lane, len(nodes), at.id == best)
        nodes.append(node)
        own = sorted(children.get(at.id, ()), key=lambda child: (child.id in trunk, child.number), reverse=True)
        for child in own:
            side = its_lane if child.id in trunk else min(its_lane + 1, MOST_LANES)
            waiting.append((child, node, at, side))
    return nodes


def _node(line: TrialLine, above: Node | None, before: TrialLine | None, lane: int, row: int, is_best: bool) -> Node:
    differing = _differing(line, before)
    more = len(differing) - MOST_FIELDS
    edge = ", ".join(differing[:MOST_FIELDS]) + (f" and {more} more" if more > 0 else "")
    return Node(
        number=line.number,
        standing=line.standing,
        row=row,
        lane=lane,
        parent_row=above.row if above else None,
        edge=edge or ("plain config" if before is None else "nothing: other seeds"),
        whole_edge=", ".join(differing),
        gain=signed(line.gain) if line.gain is not None else "",
        value=line.value,
        is_best=is_best,
        author=line.author,
    )


def _differing(line: TrialLine, before: TrialLine | None) -> list[str]:
    if before is None:
        return []
    return [
        f"{name} {shown(before.params.get(name))} → {shown(value)}"
        for name, value in line.params.items()
        if before.params.get(name) != value
    ]
