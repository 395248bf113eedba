"""Which trial came of which: a tree whose trunk leads to the current best, with the difference on every edge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.figures import param_changes, signed
from core.records import Study
from core.store import Store
from core.store.trial_lines import TrialFilter, TrialLine

MOST_ROWS = 50  # of a page
LEAST_ROWS = 20  # of it beside the trunk, however long that is
BEST, ESTIMATE = "current best", "○ estimate"
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
    mark: str  # "current best", or "○ estimate" where it is recommended without a verdict
    author: str


@dataclass(frozen=True)
class Lineage:
    """One page of it: `left_out` other trials are on the further ones."""

    nodes: tuple[Node, ...]
    left_out: int
    pages: int = 1


def lineage(store: Store, study: Study, chosen: int | None = None, page: int = 0) -> Lineage:
    """The trunk, the line of the chosen trial and those of the page's others, the newest on page 0; archived trials
    are left out."""
    lines = store.trial_lines.page(study.id, TrialFilter(), "number", False, None)
    if not lines:
        return Lineage((), 0)
    known = {line.id: line for line in lines}
    root = next((line for line in lines if line.kind == "baseline"), lines[0])
    parents = {line.id: _parent(line, root, known) for line in lines}
    best = study.incumbent_id if study.incumbent_id in known else root.id
    trunk = _way_up(best or root.id, parents)
    always = [line.id for line in lines if line.id == study.estimate_id or line.number == chosen]
    pages = _pages(lines, parents, {*trunk, *(id for each in always for id in _way_up(each, parents))})
    kept = pages[min(page, len(pages) - 1)]
    children: dict[int, list[TrialLine]] = {}
    for line in lines:
        parent = parents[line.id]
        if line.id in kept and parent is not None:
            children.setdefault(parent, []).append(line)
    nodes = _placed(root, children, frozenset(trunk), {study.estimate_id: ESTIMATE, best: BEST})
    return Lineage(tuple(nodes), len(lines) - len(nodes), len(pages))


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


def _pages(lines: Sequence[TrialLine], parents: Mapping[int, int | None], always: set[int]) -> list[set[int]]:
    """Ids to draw on each page, newest first: whole lines up to the root, as many as there is room for."""
    room = max(MOST_ROWS, len(always) + LEAST_ROWS)
    pages, drawn = [set(always)], set(always)
    for line in reversed(lines):
        if line.id in drawn:
            continue
        way = set(_way_up(line.id, parents))
        if len(pages[-1] | way) > room and pages[-1] != always:
            pages.append(set(always))
        pages[-1] |= way
        drawn |= way
    return pages


def _placed(
    root: TrialLine, children: Mapping[int, Sequence[TrialLine]], trunk: frozenset[int], marks: Mapping[int | None, str]
) -> list[Node]:
    """Depth first, side branches before the trunk goes on; the stack is kept by hand, since a line may be long."""
    nodes: list[Node] = []
    waiting: list[tuple[TrialLine, Node | None, TrialLine | None, int]] = [(root, None, None, 0)]
    while waiting:
        at, above, before, its_lane = waiting.pop()
        node = _node(at, above, before, its_lane, len(nodes), marks.get(at.id, ""))
        nodes.append(node)
        own = sorted(children.get(at.id, ()), key=lambda child: (child.id in trunk, child.number), reverse=True)
        for child in own:
            side = its_lane if child.id in trunk else min(its_lane + 1, MOST_LANES)
            waiting.append((child, node, at, side))
    return nodes


def _node(line: TrialLine, above: Node | None, before: TrialLine | None, lane: int, row: int, mark: str) -> Node:
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
        mark=mark,
        author=line.author,
    )


def _differing(line: TrialLine, before: TrialLine | None) -> list[str]:
    if before is None:
        return []
    return [
        param_changes({name: (before.params.get(name), value)})
        for name, value in line.params.items()
        if before.params.get(name) != value
    ]
