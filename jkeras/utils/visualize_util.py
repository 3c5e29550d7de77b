"""Import path of Keras 1: ``keras.utils.visualize_util``. Pictures of models and of trainings.

Pictures of models as ``.svg`` and ``.dot`` need no other package; other formats are drawn by Graphviz (pydot, the extra
``[plot]``, and Graphviz's program ``dot``).
"""

import os
from typing import Any

from jkeras.errors import MissingExtraError
from jkeras.utils.curves import curves_svg, history_of, panels_of
from jkeras.utils.diagram import Diagram, arrow_ends, diagram_of, dot_label, dot_text
from jkeras.utils.diagram_svg import svg_text

__all__ = ["model_to_dot", "model_to_svg", "plot", "plot_history"]


def plot(
    model: Any,
    to_file: str = "model.png",
    show_shapes: bool = False,
    show_layer_names: bool = True,
    expand_nested: bool = True,
) -> None:
    """Write a picture of a model: a box for each layer, arrows along the data. A layer that is called several times is marked.

    Args:
        model: with layers.
        to_file: the ending of the name decides on the format. ``.svg`` and ``.dot`` need nothing; others pydot and Graphviz.
        show_shapes: whether boxes say what comes in and goes out.
        show_layer_names: whether boxes have the layers' names, or only their classes.
        expand_nested: whether models in the model show their own layers.

    Raises:
        MissingExtraError: pydot is needed and not installed.
        OSError: Graphviz is needed and not installed, or the file cannot be written.
    """
    path = os.fspath(to_file)
    ending = os.path.splitext(path)[1][1:].lower() or "png"
    if ending == "svg":
        _write(path, model_to_svg(model, show_shapes, show_layer_names, expand_nested))
    elif ending in ("dot", "gv"):
        _write(path, dot_text(diagram_of(model, show_shapes, show_layer_names, expand_nested)))
    else:
        _require_pydot(f"plot to .{ending} (to .svg it does without)")
        _draw(model_to_dot(model, show_shapes, show_layer_names, expand_nested), path, ending)


def model_to_svg(
    model: Any, show_shapes: bool = False, show_layer_names: bool = True, expand_nested: bool = True
) -> str:
    """Return a picture of a model as a text in SVG; arguments as of `plot`. In a notebook: ``IPython.display.SVG(text)``."""
    return svg_text(diagram_of(model, show_shapes, show_layer_names, expand_nested), f"Layers of {model.name}")


def model_to_dot(
    model: Any, show_shapes: bool = False, show_layer_names: bool = True, expand_nested: bool = True
) -> Any:
    """Return a picture of a model as a ``pydot.Dot``; arguments as of `plot`.

    Raises:
        MissingExtraError: pydot is not installed.
    """
    pydot = _require_pydot("model_to_dot")
    dot = pydot.Dot("model", graph_type="digraph", rankdir="TB", compound="true")
    dot.set_node_defaults(shape="record")
    _fill(dot, diagram_of(model, show_shapes, show_layer_names, expand_nested), pydot)
    return dot


def _fill(graph: Any, diagram: Diagram, pydot: Any) -> None:
    for box in diagram.boxes:
        if box.inner is None:
            graph.add_node(pydot.Node(box.key, label=f'"{dot_label(box)}"'))
        else:
            title = "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in [box.title, *box.lines])
            cluster = pydot.Cluster(box.key, label=f'"{title}"')
            _fill(cluster, box.inner, pydot)
            graph.add_subgraph(cluster)
    for start, end in diagram.arrows:
        tail, head, options = arrow_ends(diagram.boxes[start], diagram.boxes[end])
        graph.add_edge(pydot.Edge(tail, head, **options))


def _require_pydot(purpose: str) -> Any:
    try:
        import pydot
    except ImportError:
        raise MissingExtraError("pydot", "plot", purpose) from None
    return pydot


def _draw(dot: Any, path: str, ending: str) -> None:
    try:
        dot.write(path, format=ending)
    except FileNotFoundError as error:
        raise OSError(
            f"Graphviz's program 'dot' is needed to write {path} and was not found ({error}). Install Graphviz, or write a .svg "
            "file, which needs nothing."
        ) from error
    except AssertionError as error:  # how pydot says that Graphviz failed
        raise OSError(f"Graphviz could not write {path} as {ending!r}: {error}") from error


def plot_history(history: Any, to_file: str | None = None, columns: int = 2) -> str:
    """Return the curves of a training as a text in SVG, and write them to a file.

    Each metric has a panel, in which its validation stands beside it.

    Args:
        history: what `fit` returned, a trained model, or a dict of lists.
        to_file: ``.svg`` needs nothing; other formats, such as ``.png`` and ``.pdf``, matplotlib (the extra ``[plot]``).
        columns: panels side by side.

    Raises:
        ValueError: nothing was recorded.
        MissingExtraError: matplotlib is needed and not installed.
    """
    text = curves_svg(history, columns)
    if to_file is not None:
        path = os.fspath(to_file)
        if path.lower().endswith(".svg"):
            _write(path, text)
        else:
            _draw_history(history, path, columns)
    return text


def _draw_history(history: Any, path: str, columns: int) -> None:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        ending = os.path.splitext(path)[1]
        raise MissingExtraError(
            "matplotlib", "plot", f"plot_history to {ending or path} (to .svg it does without)"
        ) from None
    epochs, values = history_of(history)
    panels = panels_of(list(values))
    columns = max(1, min(int(columns), len(panels)))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4.6 * columns, 3 * rows), layout="constrained")
    for place, (title, names) in enumerate(panels, 1):
        axes = figure.add_subplot(rows, columns, place)
        for name in names:
            axes.plot(epochs[: len(values[name])], values[name], marker="o" if len(epochs) == 1 else None, label=name)
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    figure.savefig(path)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
