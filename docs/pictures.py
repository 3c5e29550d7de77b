"""Draw the pictures of this folder: two models' by jkeras itself, two explanations here.

python docs/pictures.py

They stand on white, so that they can be read on light and dark pages.
"""

import runpy
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

HERE = Path(__file__).parent

INK, BLUE, PALE, ORANGE, GREY = "#333333", "#2b6ca3", "#dbe9f6", "#b3541e", "#9a9a9a"
CELL = 34  # height of a box


def main() -> None:
    """Write all files."""
    for name, text in EXPLANATIONS.items():
        (HERE / name).write_text(text(), encoding="utf-8")
    model_and_curve()


# ---- explanations


def stateful() -> str:
    """Sample i of a batch continues sample i of the batch before."""
    parts = [text(190 + 220 * batch, 28, f"batch {batch + 1}") for batch in range(3)]
    for row, series in enumerate("ABC"):
        y = 50 + 60 * row
        parts.append(text(12, y + 22, f"series {series}", anchor="start"))
        for batch in range(3):
            x = 110 + 220 * batch
            parts.append(box(x, y, 160, f"steps {10 * batch + 1} … {10 * batch + 10}"))
            parts += [arrow(x + 162, y + CELL / 2, x + 218, y + CELL / 2)] if batch < 2 else []
    parts.append(text(410, 234, "the states (h, c) after one batch are the initial states of the next", color=ORANGE))
    return svg(760, 250, parts)


def masking() -> str:
    """A mask is made by Embedding, goes through an LSTM layer, and ends where the time axis ends."""
    masked, columns = (0, 4), [330 + 80 * step for step in range(5)]
    rows = [
        ("word numbers", "0 is padding", ["0", "4", "2", "7", "0"]),
        ("Embedding", "mask_zero=True: makes the mask", ["e(0)", "e(4)", "e(2)", "e(7)", "e(0)"]),
        ("LSTM", "return_sequences=True: passes it on", ["0", "h₁", "h₂", "h₃", "h₃"]),
        ("LSTM", "skips masked steps; the mask ends", []),
        ("Dense", "no time axis, no mask", []),
    ]
    parts = [text(x, 24, f"step {step + 1}", color=GREY) for step, x in enumerate(columns)]
    for number, (layer, what, cells) in enumerate(rows):
        y = 42 + 92 * number
        parts += [
            text(12, y + 15, layer, anchor="start", weight="bold"),
            text(12, y + 33, what, anchor="start", size=12),
        ]
        for step, cell in enumerate(cells):
            x = columns[step]
            parts.append(box(x - 30, y, 60, cell, skipped=step in masked))
            if number < 2 or step not in masked:
                parts.append(arrow(x, y + CELL + 2, x, y + 90, color=BLUE))
        if number in (1, 2):
            parts += mask_row(y + CELL + 26, masked, columns)
    y = 42 + 92 * 3
    parts += [box(300, y, 380, "k, after reading h₁, h₂, h₃"), arrow(490, y + CELL + 2, 490, y + 90, color=BLUE)]
    return svg(760, y + 140, [*parts, box(460, y + 92, 60, "y")])


def mask_row(y: float, masked: Sequence[int], columns: Sequence[float]) -> Iterable[str]:
    """The mask between two layers: which steps are real."""
    yield text(244, y + 5, "mask", color=ORANGE, anchor="start")
    for step, x in enumerate(columns):
        yield text(x + 16, y + 5, "✗" if step in masked else "✓", color=ORANGE)


EXPLANATIONS = {"stateful.svg": stateful, "masking.svg": masking}


# ---- shapes


def svg(width: float, height: float, parts: Iterable[str]) -> str:
    """A picture on white."""
    heads = "".join(
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L10 5L0 10z" fill="{color}"/></marker>'
        for name, color in (("orange", ORANGE), ("blue", BLUE))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="sans-serif" font-size="14">\n'
        f'<defs>{heads}</defs>\n<rect width="{width:g}" height="{height:g}" rx="8" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def text(
    x: float, y: float, words: str, color: str = INK, anchor: str = "middle", weight: str = "normal", size: int = 14
) -> str:
    """Words whose base line is at `y`."""
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{color}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}">'
        f"{escape(words)}</text>"
    )


def box(x: float, y: float, width: float, words: str, skipped: bool = False) -> str:
    """A box with words in it; what is skipped is grey, with a broken line around it."""
    line, fill, dashes = (GREY, "#f4f4f4", ' stroke-dasharray="4 3"') if skipped else (BLUE, PALE, "")
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{CELL}" rx="5" fill="{fill}" stroke="{line}"{dashes}/>'
        + text(x + width / 2, y + 22, words, color="#777777" if skipped else "#1d4a70")
    )


def arrow(x: float, y: float, to_x: float, to_y: float, color: str = ORANGE) -> str:
    """An arrow between two points."""
    name = "orange" if color == ORANGE else "blue"
    return f'<path d="M{x:g} {y:g}L{to_x:g} {to_y:g}" stroke="{color}" stroke-width="2" marker-end="url(#{name})"/>'


# ---- a model and its training


def model_and_curve() -> None:
    """Draw the layers of the headline model by `plot`, and train it for `plot_history`."""
    import numpy as np

    from jkeras.utils.visualize_util import plot, plot_history

    example = runpy.run_path(str(HERE.parent / "examples" / "headline_model.py"))
    np.random.seed(1337)
    model = example["build"]()
    plot(model, str(HERE / "headline_model.svg"), show_shapes=True)
    model.compile(
        optimizer="rmsprop",
        loss="binary_crossentropy",
        metrics=["accuracy"],
        loss_weights={"main_output": 1.0, "aux_output": 0.2},
    )
    inputs, shared, _ = example["headlines"](16000, seed=0)
    history = model.fit(
        inputs,
        {"main_output": shared, "aux_output": shared},
        nb_epoch=8,
        batch_size=32,
        validation_split=0.25,
        verbose=0,
    )
    chosen = ("loss", "val_loss", "main_output_acc", "val_main_output_acc")
    plot_history({name: history.history[name] for name in chosen}, str(HERE / "training_curve.svg"))


if __name__ == "__main__":
    main()
