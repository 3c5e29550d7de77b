"""The parts of the page that no other module draws: pictures of digits, the confusion matrix, code in colours."""

import io
import keyword
import tokenize
from collections import defaultdict
from html import escape

import numpy as np

__all__ = ["code_html", "confusion", "digit_svg", "matrix_html"]


# ---- digits


def digit_svg(image: np.ndarray, label: str) -> str:
    """Return an image as a text in SVG: a path for each shade, a rectangle for each run of pixels in it.

    Args:
        image: ``(rows, columns)``, from 0 (paper) to 1 (ink).
        label: for readers who cannot see it.
    """
    shades: dict[float, list[str]] = defaultdict(list)
    for y, row in enumerate(np.round(np.asarray(image, float), 2).tolist()):
        x = 0
        while x < len(row):
            end = x + 1
            while end < len(row) and row[end] == row[x]:
                end += 1
            if row[x] > 0:
                shades[row[x]].append(f"M{x} {y}h{end - x}v1h-{end - x}z")
            x = end
    height, width = np.shape(image)
    paths = "".join(f'<path fill-opacity="{shade:g}" d="{"".join(runs)}"/>' for shade, runs in sorted(shades.items()))
    return (
        f'<svg class="digit" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}" '
        f'shape-rendering="crispEdges" fill="currentColor">{paths}</svg>'
    )


# ---- confusion matrix


def confusion(digits: np.ndarray, read: np.ndarray) -> np.ndarray:
    """Return ``(10, 10)`` counts: row i, column j is how often digit i was read as j."""
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (digits, read), 1)
    return counts


def matrix_html(counts: np.ndarray) -> str:
    """Return the confusion matrix as a table: digits down, readings across, the deeper a cell's colour the more are in it."""
    worst = max(int((counts - np.diag(np.diag(counts))).max()), 1)
    head = "".join(f'<th scope="col">{digit}</th>' for digit in range(len(counts)))
    rows = []
    for digit, row in enumerate(counts.tolist()):
        cells = [_cell(digit, read, count, sum(row), worst) for read, count in enumerate(row)]
        rows.append(f'<tr><th scope="row">{digit}</th>{"".join(cells)}</tr>')
    return (
        '<table class="matrix"><caption>Rows: the digit. Columns: what the network read. Blue is right, orange is wrong; '
        'the deeper, the more.</caption><thead><tr><td class="corner"></td>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(digit: int, read: int, count: int, total: int, worst: int) -> str:
    label = f"{count} of {total} times {digit} was read as {read}"
    if not count:
        return f'<td class="none" title="{label}">0</td>'
    if digit != read:
        return f'<td class="wrong" style="--deep:{20 + 25 * count / worst:.0f}%" title="{label}">{count}</td>'
    # Neither black nor white letters can be read well on what lies between 60 % and 80 %.
    share = count / total
    depth, kind = (100 * share, "right") if share < 0.6 else (50 + 50 * share, "right deep")
    return f'<td class="{kind}" style="--deep:{depth:.0f}%" title="{label}">{count}</td>'


# ---- code


def code_html(source: str) -> str:
    """Return Python code as HTML, its keywords, strings, numbers and comments marked."""
    lines = source.splitlines(keepends=True)
    done, at = [], (1, 0)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = _kind(token)
        if kind:
            done.append(escape(_between(lines, at, token.start)))
            done.append(f'<span class="{kind}">{escape(token.string)}</span>')
            at = token.end
    done.append(escape(_between(lines, at, (len(lines) + 1, 0))))
    return "".join(done).rstrip("\n")


def _kind(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME and keyword.iskeyword(token.string):
        return "kw"
    if token.type == tokenize.COMMENT:
        return "com"
    if token.type == tokenize.NUMBER:
        return "num"
    # From Python 3.12 on an f-string comes in parts, each a token of its own.
    return "str" if token.type == tokenize.STRING or tokenize.tok_name[token.type].startswith("FSTRING") else ""


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the text from one (line, column) up to another."""
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    first, *rest = lines[start[0] - 1 : end[0]]
    last = rest.pop()[: end[1]] if len(rest) == end[0] - start[0] else ""
    return first[start[1] :] + "".join(rest) + last
