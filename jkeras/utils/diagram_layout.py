"""Where the boxes of a picture stand: in rows from top to bottom, so that arrows go down and cross rarely.

The method is that of K. Sugiyama, S. Tagawa and M. Toda, Methods for Visual Understanding of Hierarchical System Structures,
IEEE Transactions on Systems, Man, and Cybernetics, 1981: rows by the longest path, a point in each row that a long arrow
passes, an order within rows by the middle of the neighbours, and places near that middle which keep the order.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from jkeras.utils.diagram import Box, Diagram

__all__ = ["FONT", "LINE", "Placed", "Scene", "place", "text_width"]

FONT = 12.0
LINE = 17.0
_PAD = 10.0  # between the edge of a box and its text
_BETWEEN = 26.0  # boxes of a row
_ROWS = 34.0  # between rows
_ROUNDS = 6


@dataclass
class Placed:
    """A box with its upper left corner and its size, and what is inside of it (in the same coordinates)."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    inner: "Scene | None" = None


@dataclass
class Scene:
    """A picture: boxes, arrows as the points that they pass (``up``: against the direction of the others), size."""

    width: float = 0.0
    height: float = 0.0
    boxes: list[Placed] = field(default_factory=list)
    arrows: list[list[tuple[float, float]]] = field(default_factory=list)
    up: list[tuple[Placed, Placed]] = field(default_factory=list)

    def move(self, dx: float, dy: float) -> None:
        """Move everything."""
        for placed in self.boxes:
            placed.x += dx
            placed.y += dy
            if placed.inner is not None:
                placed.inner.move(dx, dy)
        self.arrows = [[(x + dx, y + dy) for x, y in points] for points in self.arrows]


def text_width(text: str, size: float = FONT) -> float:
    """Return about how wide a text is in a font without serifs."""
    return size * sum(0.34 if c in "iljtf.,:;()[]|' I!" else 0.88 if c in "mwMW@" else 0.6 for c in text)


def place(diagram: Diagram) -> Scene:
    """Return a picture with everything in its place."""
    boxes = [_sized(box) for box in diagram.boxes]
    down, up = _without_circles(len(boxes), diagram.arrows)
    row_of = _rows(len(boxes), down)
    rows: list[list[int]] = [[] for _ in range(max(row_of, default=-1) + 1)]
    for index, row in enumerate(row_of):
        rows[row].append(index)
    widths = [placed.width for placed in boxes]
    paths = [_with_points(arrow, row_of, rows, widths) for arrow in down]
    links = [link for path in paths for link in itertools.pairwise(path)]
    above: list[list[int]] = [[] for _ in widths]
    below: list[list[int]] = [[] for _ in widths]
    for start, end in links:
        above[end].append(start)
        below[start].append(end)
    rows = _ordered(rows, above, below)
    centres = _centres(rows, widths, above, below)

    scene = Scene(boxes=boxes, up=[(boxes[start], boxes[end]) for start, end in up])
    spans: list[tuple[float, float]] = []  # of each row: top and bottom
    y = 0.0
    for row in rows:
        height = max([boxes[i].height for i in row if i < len(boxes)], default=0.0)
        spans.append((y, y + height))
        for index in row:
            if index < len(boxes):
                placed = boxes[index]
                dx, dy = centres[index] - placed.width / 2, y + (height - placed.height) / 2
                placed.x, placed.y = dx, dy
                if placed.inner is not None:
                    placed.inner.move(dx, dy)
        y += height + _ROWS
    scene.width = max((placed.x + placed.width for placed in boxes), default=0.0)
    scene.height = max(y - _ROWS, 0.0)
    for path in paths:
        start, end = boxes[path[0]], boxes[path[-1]]
        points = [(centres[path[0]], start.y + start.height)]
        for row, index in enumerate(path[1:-1], row_of[path[0]] + 1):
            points += [(centres[index], spans[row][0]), (centres[index], spans[row][1])]
        scene.arrows.append([*points, (centres[path[-1]], end.y)])
    if scene.up:
        scene.width += 2 * _BETWEEN  # they go around on the right
    return scene


def _sized(box: Box) -> Placed:
    width = max(1.12 * text_width(box.title), *map(text_width, box.lines), 0.0) + 2 * _PAD  # titles are bold
    height = LINE * (1 + len(box.lines)) + _PAD
    if box.inner is None:
        return Placed(box, 0.0, 0.0, width, height)
    inner = place(box.inner)
    full = max(width, inner.width + 2 * _PAD)
    inner.move((full - inner.width) / 2, height + _PAD / 2)
    return Placed(box, 0.0, 0.0, full, height + inner.height + 1.5 * _PAD, inner)


def _without_circles(
    count: int, arrows: Sequence[tuple[int, int]]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return (arrows without circles, the others): a layer that is called on its own output has an arrow back."""
    left = set(range(count))
    waiting = {index: {start for start, end in arrows if end == index} for index in left}
    back: set[tuple[int, int]] = set()
    while left:
        ready = [index for index in sorted(left) if not waiting[index]]
        if not ready:
            first = min(left)
            back |= {(start, first) for start in waiting[first]}
            ready = [first]
        left.difference_update(ready)
        for index in left:
            waiting[index].difference_update(ready)
    return [arrow for arrow in arrows if arrow not in back], [arrow for arrow in arrows if arrow in back]


def _rows(count: int, arrows: Sequence[tuple[int, int]]) -> list[int]:
    """Return the row of each box: one below the lowest that points to it; boxes on top stand right above their first use."""
    row_of = [0] * count
    for _ in range(count):
        changed = False
        for start, end in arrows:
            if row_of[end] <= row_of[start]:
                row_of[end] = row_of[start] + 1
                changed = True
        if not changed:
            break
    reached = {end for _, end in arrows}
    for index in range(count):
        uses = [row_of[end] for start, end in arrows if start == index]
        if index not in reached and uses:
            row_of[index] = min(uses) - 1
    return row_of


def _with_points(
    arrow: tuple[int, int], row_of: Sequence[int], rows: list[list[int]], widths: list[float]
) -> list[int]:
    """Return an arrow as a path with a new point of no width in each row between."""
    path = [arrow[0]]
    for row in range(row_of[arrow[0]] + 1, row_of[arrow[1]]):
        path.append(len(widths))
        rows[row].append(len(widths))
        widths.append(0.0)
    return [*path, arrow[1]]


def _ordered(rows: list[list[int]], above: list[list[int]], below: list[list[int]]) -> list[list[int]]:
    """Return the rows in an order with few crossings."""
    best, fewest = rows, _crossings(rows, below)
    for round_ in range(_ROUNDS):
        if not fewest:
            break
        neighbours = above if round_ % 2 == 0 else below
        rows = list(rows)
        for r in range(1, len(rows)) if round_ % 2 == 0 else range(len(rows) - 2, -1, -1):
            other = rows[r - 1] if round_ % 2 == 0 else rows[r + 1]
            at = {index: place for place, index in enumerate(other)}
            middle = {
                index: (sum(at[n] for n in neighbours[index]) / len(neighbours[index]) if neighbours[index] else place)
                for place, index in enumerate(rows[r])
            }
            rows[r] = sorted(rows[r], key=middle.__getitem__)
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _crossings(rows: list[list[int]], below: list[list[int]]) -> int:
    total = 0
    for upper, lower in itertools.pairwise(rows):
        at = {index: place for place, index in enumerate(lower)}
        ends = [end for index in upper for end in sorted(at[n] for n in below[index])]
        total += sum(1 for i, first in enumerate(ends) for second in ends[i + 1 :] if second < first)
    return total


def _centres(
    rows: list[list[int]], widths: Sequence[float], above: list[list[int]], below: list[list[int]]
) -> list[float]:
    """Return the middle of each box and point, near the middle of its neighbours."""
    centres = [0.0] * len(widths)
    for row in rows:
        x = 0.0
        for index in row:
            centres[index] = x + widths[index] / 2
            x += widths[index] + _BETWEEN
    for round_ in range(2 * _ROUNDS):
        neighbours = above if round_ % 2 == 0 else below
        for row in rows if round_ % 2 == 0 else reversed(rows):
            wanted = [
                sum(centres[n] for n in neighbours[i]) / len(neighbours[i]) if neighbours[i] else centres[i]
                for i in row
            ]
            gaps = [0.0]
            for left, right in itertools.pairwise(row):
                gaps.append(gaps[-1] + (widths[left] + widths[right]) / 2 + _BETWEEN)
            for index, centre, gap in zip(
                row, _rising([w - g for w, g in zip(wanted, gaps, strict=True)]), gaps, strict=True
            ):
                centres[index] = centre + gap
    left = min((centre - width / 2 for centre, width in zip(centres, widths, strict=True)), default=0.0)
    return [centre - left for centre in centres]


def _rising(wanted: Sequence[float]) -> list[float]:
    """Return the rising numbers nearest to `wanted` in least squares (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in wanted:
        count = 1
        while pools and pools[-1][0] > value:
            mean, size = pools.pop()
            value, count = (mean * size + value * count) / (size + count), size + count
        pools.append((value, count))
    return [value for value, count in pools for _ in range(count)]
