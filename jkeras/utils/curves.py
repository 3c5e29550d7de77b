"""Curves of a training as SVG: one panel for each metric, with its validation beside it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

__all__ = ["curves_svg", "history_of", "panels_of"]

_WIDTH, _HEIGHT = 340.0, 220.0  # of a panel
_LEFT, _RIGHT, _TOP, _BOTTOM = 54.0, 12.0, 28.0, 34.0
_LEGEND = 76.0  # of one line
_WIDE = 0.64  # of a bold letter, as a share of the font's size
_TRAIN, _VALIDATION = "#2b6cb0", "#c05621"


def history_of(history: Any) -> tuple[list[int], dict[str, list[float]]]:
    """Return (epochs, values by name) of a `History`, a trained model, or a dict of lists.

    Raises:
        TypeError: `history` is none of these.
        ValueError: nothing was recorded.
    """
    if hasattr(history, "history") and not isinstance(history, Mapping) and hasattr(history.history, "history"):
        history = history.history  # a model
    values = history if isinstance(history, Mapping) else getattr(history, "history", None)
    if not isinstance(values, Mapping):
        raise TypeError(
            "Expected what fit() returned, a trained model, or a dict such as {'loss': [0.5, 0.3]}; got "
            f"{type(history).__name__}."
        )
    numbers = {str(name): [float(value) for value in line] for name, line in values.items() if _is_line(line)}
    if not any(numbers.values()):
        raise ValueError("There is nothing to show: the history holds no numbers. Did the training run for an epoch?")
    longest = max(map(len, numbers.values()))
    epochs = [int(epoch) + 1 for epoch in getattr(history, "epoch", None) or range(longest)]
    return (epochs if len(epochs) == longest else list(range(1, longest + 1))), numbers


def _is_line(line: Any) -> bool:
    try:
        return bool([float(value) for value in line])
    except (TypeError, ValueError):
        return False


def panels_of(names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return what goes together: each metric and, if there is one, its validation."""
    panels: dict[str, list[str]] = {}
    for name in names:
        base = name.removeprefix("val_")
        panels.setdefault(base if base in names else name, []).append(name)
    return list(panels.items())


def curves_svg(history: Any, columns: int = 2) -> str:
    """Return the curves of a training as a text in SVG.

    Args:
        history: what `fit` returned, a trained model, or a dict of lists.
        columns: panels side by side.
    """
    epochs, values = history_of(history)
    panels = panels_of(list(values))
    columns = max(1, min(int(columns), len(panels)))
    width, height = _WIDTH * columns, _HEIGHT * math.ceil(len(panels) / columns)
    drawn = [
        f'<g transform="translate({_WIDTH * (i % columns):g} {_HEIGHT * (i // columns):g})">{_panel(title, epochs, lines)}</g>'
        for i, (title, names) in enumerate(panels)
        for lines in [{name: values[name] for name in names}]
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}" '
            'role="img" font-family="Helvetica, Arial, sans-serif" font-size="11">',
            f"<title>{escape(', '.join(values))} by epoch</title>",
            f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
            *drawn,
            "</svg>",
            "",
        ]
    )


def _panel(title: str, epochs: Sequence[int], lines: Mapping[str, Sequence[float]]) -> str:
    finite = [value for line in lines.values() for value in line if math.isfinite(value)] or [0.0]
    low, high = _range(min(finite), max(finite))
    first, last = epochs[0], epochs[-1]

    def x(epoch: float) -> float:
        share = (epoch - first) / (last - first) if last > first else 0.5
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    room = _WIDTH - 2 * _RIGHT - (len(lines) > 1) * len(lines) * _LEGEND
    size = min(12.0, max(8.0, room / (_WIDE * len(title))))
    parts = [
        f'<text x="{_RIGHT:g}" y="17" font-size="{size:.3g}" font-weight="bold" fill="#1a202c">'
        f"{escape(_shortened(title, int(room / (_WIDE * size))))}</text>"
    ]
    for tick in _ticks(low, high):
        parts.append(
            f'<line x1="{_LEFT:g}" x2="{_WIDTH - _RIGHT:g}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#e2e8f0"/>'
        )
        parts.append(
            f'<text x="{_LEFT - 6:g}" y="{y(tick) + 4:.1f}" text-anchor="end" fill="#4a5568">{_label(tick)}</text>'
        )
    for epoch in _ticks(first, last, whole=True) or [first]:
        parts.append(
            f'<text x="{x(epoch):.1f}" y="{_HEIGHT - _BOTTOM + 15:g}" text-anchor="middle" fill="#4a5568">{_label(epoch)}</text>'
        )
    parts.append(
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2:g}" y="{_HEIGHT - 5:g}" text-anchor="middle" fill="#4a5568">epoch</text>'
    )
    for place, (name, line) in enumerate(lines.items()):
        colour = _VALIDATION if name.startswith("val_") else _TRAIN
        parts += _line([(x(epoch), y(value), value) for epoch, value in zip(epochs, line, strict=False)], colour)
        if len(lines) == 1:
            break  # nothing to tell apart
        at = _WIDTH - _RIGHT - _LEGEND * (len(lines) - place)
        parts.append(f'<line x1="{at:g}" x2="{at + 16:g}" y1="13" y2="13" stroke="{colour}" stroke-width="2"/>')
        kind = "validation" if name.startswith("val_") else "training"
        parts.append(f'<text x="{at + 21:g}" y="17" fill="#4a5568">{kind}</text>')
    return "".join(parts)


def _shortened(title: str, letters: int) -> str:
    """Return the title, or its beginning and its end where it is longer: it must not run into the legend."""
    if len(title) <= letters:
        return title
    half = (letters - 1) // 2
    return f"{title[:half]}…{title[-half:]}"


def _line(points: Sequence[tuple[float, float, float]], colour: str) -> list[str]:
    """Return a line with a gap wherever a value is NaN or infinite; a point that stands alone is a dot."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y, value in points:
        if math.isfinite(value):
            runs[-1].append((x, y))
        else:
            runs.append([])
    drawn = []
    for run in filter(None, runs):
        if len(run) == 1:
            drawn.append(f'<circle cx="{run[0][0]:.1f}" cy="{run[0][1]:.1f}" r="3" fill="{colour}"/>')
        else:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
            drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return drawn


def _range(low: float, high: float) -> tuple[float, float]:
    """Return the range of an axis: that of the values and a little more; never a single number."""
    spread = high - low
    if spread <= 1e-9 * max(abs(low), abs(high)):
        spread = abs(low) or 1.0
    return low - 0.06 * spread, high + 0.06 * spread


def _ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """Return some round numbers within a range."""
    rough = (high - low) / 5 or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    if whole:
        step = max(1.0, step)
    return [number * step for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _label(value: float) -> str:
    return f"{value:.4g}" if abs(value) > 1e-12 else "0"
