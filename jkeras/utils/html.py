"""Models and trainings as HTML, for notebooks."""

from html import escape
from typing import Any

from jkeras.utils.curves import curves_svg

__all__ = ["history_html", "summary_html"]

_MOST_ROWS = 200


def history_html(history: Any) -> str:
    """Return the curves of a training, for ``_repr_html_`` of `History`; a sentence where nothing was recorded."""
    try:
        return curves_svg(history)
    except ValueError:
        return "<p>History of a training that has not finished an epoch.</p>"


def summary_html(model: Any) -> str:
    """Return the table that `summary` prints, for ``_repr_html_`` of a model.

    Columns are name and class, output shape, number of parameters, and what each layer is connected to. A frozen layer is
    marked; of a very deep model the table shows the first layers.
    """
    from jkeras.utils.layer_utils import count_total_params

    heading = f"<b>{escape(model.name)}</b> ({escape(type(model).__name__)})"
    layers = list(model.layers)
    if not layers:
        return f"<p>{heading}: no layers yet.</p>"
    rows = [_row(layer, model.graph) for layer in layers[:_MOST_ROWS]]
    if len(layers) > _MOST_ROWS:
        rows.append(f'<tr><td colspan="4">… and {len(layers) - _MOST_ROWS} more layers</td></tr>')
    trainable, frozen = count_total_params(layers)
    return (
        f'<div>{heading}<table style="border-collapse:collapse"><thead><tr><th>Layer (type)</th><th>Output shape</th>'
        f'<th style="text-align:right">Params</th><th>Connected to</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
        f"<p>Total params: {trainable + frozen:,}<br>Trainable params: {trainable:,}<br>Non-trainable params: {frozen:,}</p></div>"
    )


def _row(layer: Any, graph: Any) -> str:
    nodes = [node for node in graph.nodes if node.outbound_layer is layer]
    shapes = {str(shape) for node in nodes for shape in node.output_shapes}
    shape = shapes.pop() if len(shapes) == 1 else "multiple"
    before = [
        f"{tensor.history[0].name}[{tensor.history[1]}]"
        for node in nodes
        if node.inbound_layers
        for tensor in node.input_tensors
    ]
    name = f"{escape(layer.name)} <i>({escape(type(layer).__name__)})</i>"
    if not layer.trainable:
        name += " frozen"
    cells = [name, escape(shape), f"{layer.count_params():,}", "<br>".join(map(escape, before))]
    styles = ["", "", ' style="text-align:right"', ""]
    return f"<tr>{''.join(f'<td{style}>{cell}</td>' for style, cell in zip(styles, cells, strict=True))}</tr>"
