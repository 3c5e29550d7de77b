"""A picture of a model as SVG, which browsers and notebooks show and which needs no other program."""

import itertools
from collections.abc import Iterator
from xml.sax.saxutils import escape

from jkeras.utils.diagram import Diagram
from jkeras.utils.diagram_layout import FONT, LINE, Placed, Scene, place

__all__ = ["svg_text"]

_MARGIN = 14.0
_COLOURS = {  # fill, edge
    "input": ("#e7f4ea", "#3f8a53"),
    "layer": ("#ffffff", "#4a5568"),
    "shared": ("#fff3d6", "#b7791f"),
    "model": ("#f3f5f9", "#8895ab"),
}


def svg_text(diagram: Diagram, title: str) -> str:
    """Return a picture as a text in SVG.

    Args:
        diagram: what is in it.
        title: for readers who cannot see it.
    """
    scene = place(diagram)
    scene.move(_MARGIN, _MARGIN)
    width, height = scene.width + 2 * _MARGIN, scene.height + 2 * _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" font-family="Helvetica, Arial, sans-serif" font-size="{FONT:g}">',
            f"<title>{escape(title)}</title>",
            '<defs><marker id="jkeras-tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0 L8 4 L0 8 z" fill="#4a5568"/></marker></defs>',
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            *_scene(scene),
            "</svg>",
            "",
        ]
    )


def _scene(scene: Scene) -> Iterator[str]:
    for placed in scene.boxes:
        yield from _box(placed)
    for points in scene.arrows:
        yield _line(points)
    for start, end in scene.up:
        yield _line_up(start, end, max(placed.x + placed.width for placed in scene.boxes))


def _box(placed: Placed) -> Iterator[str]:
    box = placed.box
    fill, edge = _COLOURS["model" if placed.inner is not None and box.kind == "layer" else box.kind]
    yield (
        f'<rect x="{placed.x:.1f}" y="{placed.y:.1f}" width="{placed.width:.1f}" height="{placed.height:.1f}" rx="5" '
        f'fill="{fill}" stroke="{edge}"/>'
    )
    for number, line in enumerate([box.title, *box.lines]):
        weight = ' font-weight="bold"' if number == 0 else ' fill="#4a5568"'
        yield (
            f'<text x="{placed.x + placed.width / 2:.1f}" y="{placed.y + LINE * (number + 1):.1f}" text-anchor="middle"{weight}>'
            f"{escape(line)}</text>"
        )
    if placed.inner is not None:
        yield from _scene(placed.inner)


def _line(points: list[tuple[float, float]]) -> str:
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in itertools.pairwise(points):
        if abs(x - to_x) < 0.5:
            path += f" L{to_x:.1f} {to_y:.1f}"
        else:
            middle = (y + to_y) / 2
            path += f" C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
    return f'<path d="{path}" fill="none" stroke="#4a5568" marker-end="url(#jkeras-tip)"/>'


def _line_up(start: Placed, end: Placed, right: float) -> str:
    """Return an arrow that leaves on the right of a box and comes back to one further up, or to the same."""
    x, y = start.x + start.width, start.y + start.height * 0.65
    to_x, to_y = end.x + end.width, end.y + end.height * 0.35
    out = x + 24.0 if start is end else right + 40.0
    return (
        f'<path d="M{x:.1f} {y:.1f} C{out:.1f} {y:.1f} {out:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}" fill="none" stroke="#b7791f" '
        'stroke-dasharray="4 3" marker-end="url(#jkeras-tip)"/>'
    )
