"""A model as boxes and arrows, and as text in Graphviz's dot language."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Box", "Diagram", "diagram_of", "dot_label", "dot_text"]


@dataclass
class Box:
    """A layer.

    Attributes:
        key: unlike that of any other box in the picture.
        title: name and class.
        lines: what else to say about it: shapes, how often it is called.
        kind: ``'input'``, ``'layer'`` or ``'shared'``.
        inner: what is in it, if it is a model.
    """

    key: str
    title: str
    lines: list[str]
    kind: str = "layer"
    shapes: tuple[str, str] | None = None
    inner: "Diagram | None" = None


@dataclass
class Diagram:
    """Boxes in the order of the layers, and arrows between them as pairs of indices."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[tuple[int, int]] = field(default_factory=list)

    def sources(self) -> list[Box]:
        """Return the boxes that no arrow leads to, or the first one."""
        reached = {end for _, end in self.arrows}
        return [box for index, box in enumerate(self.boxes) if index not in reached] or self.boxes[:1]

    def sinks(self) -> list[Box]:
        """Return the boxes that no arrow leaves, or the last one."""
        left = {start for start, _ in self.arrows}
        return [box for index, box in enumerate(self.boxes) if index not in left] or self.boxes[-1:]


def diagram_of(
    model: Any, show_shapes: bool = False, show_layer_names: bool = True, expand_nested: bool = True
) -> Diagram:
    """Return the picture of a model: a box for each layer, an arrow for each tensor that goes from one to another.

    Args:
        model: with layers.
        show_shapes: whether boxes say what comes in and goes out.
        show_layer_names: whether boxes have the layers' names, or only their classes.
        expand_nested: whether models in the model show their own layers.

    Raises:
        TypeError: this is no model.
        ValueError: the model has no layers.
    """
    layers = getattr(model, "layers", None)
    if isinstance(layers, list) and not layers:
        raise ValueError(f"Model {model.name!r} has no layers yet, so there is nothing to show.")
    if not layers or not hasattr(model, "graph"):
        raise TypeError(f"Expected a model; got {type(model).__name__}.")
    calls = Counter(id(layer) for graph in _graphs(model, set()) for layer in _called(graph))
    return _diagram(model.graph, "layer", calls, (show_shapes, show_layer_names, expand_nested))


def _graphs(model: Any, seen: set[int]) -> Iterator[Any]:
    """Yield the graph of a model and those of the models in it, each once."""
    if id(model) not in seen:
        seen.add(id(model))
        yield model.graph
        for layer in model.graph.layers:
            inner = _model_in(layer)
            if inner is not None:
                yield from _graphs(inner, seen)


def _called(graph: Any) -> list[Any]:
    return [node.outbound_layer for node, _ in graph.calls]


def _model_in(layer: Any) -> Any:
    """Return the model that a layer is or wraps, or None."""
    for candidate in (layer, getattr(layer, "layer", None)):
        if getattr(candidate, "layers", None) and hasattr(candidate, "graph"):
            return candidate
    return None


def _diagram(graph: Any, prefix: str, calls: Counter[int], options: tuple[bool, bool, bool]) -> Diagram:
    show_shapes, show_layer_names, expand_nested = options
    diagram = Diagram()
    places = {id(layer): index for index, layer in enumerate(graph.layers)}
    for index, layer in enumerate(graph.layers):
        key = f"{prefix}_{index}"
        shapes = (_shapes(graph, layer, "input"), _shapes(graph, layer, "output")) if show_shapes else None
        lines = [f"input: {shapes[0]}", f"output: {shapes[1]}"] if shapes else []
        times = calls[id(layer)]
        if times > 1:
            lines.append(f"shared: called {times} times")
        kind = "input" if layer.is_input else "shared" if times > 1 else "layer"
        nested = _model_in(layer) if expand_nested else None
        inner = None if nested is None else _diagram(nested.graph, key, calls, options)
        diagram.boxes.append(Box(key, _title(layer, show_layer_names), lines, kind, shapes, inner))
    for node, _ in graph.calls:
        for tensor in node.input_tensors:
            before = graph.maker(tensor).outbound_layer
            arrow = places.get(id(before)), places[id(node.outbound_layer)]
            if arrow[0] is not None and arrow not in diagram.arrows:
                diagram.arrows.append((arrow[0], arrow[1]))
    return diagram


def _title(layer: Any, with_name: bool) -> str:
    name, kind = layer.name, type(layer).__name__
    wrapped = getattr(layer, "layer", None)
    if wrapped is not None and hasattr(wrapped, "inbound_nodes"):
        name, kind = f"{name}({wrapped.name})", f"{kind}({type(wrapped).__name__})"
    return f"{name}: {kind}" if with_name else kind


def _shapes(graph: Any, layer: Any, side: str) -> str:
    """Return the shapes of what comes into a layer or goes out, over its calls in a graph."""
    nodes = [node for node in graph.nodes if node.outbound_layer is layer]
    found = {", ".join(map(str, getattr(node, f"{side}_shapes"))) for node in nodes}
    return found.pop() if len(found) == 1 else "multiple"


# ---- dot


def dot_label(box: Box) -> str:
    """Return what stands in a box, for dot's nodes of shape ``record``."""
    parts = [_record(box.title)]
    if box.shapes is not None:
        parts.append(f"{{input:|output:}}|{{{{{_record(box.shapes[0])}}}|{{{_record(box.shapes[1])}}}}}")
    if box.kind == "shared":
        parts.append(_record(box.lines[-1]))
    return "|".join(parts)


def _record(text: str) -> str:
    for character in '\\"{}|<>':
        text = text.replace(character, f"\\{character}")
    return text


def dot_text(diagram: Diagram) -> str:
    """Return a picture in the dot language."""
    lines = ["digraph model {", "  rankdir=TB;", "  compound=true;", "  node [shape=record];"]
    lines += _dot_lines(diagram, "  ")
    return "\n".join([*lines, "}", ""])


def _dot_lines(diagram: Diagram, indent: str) -> Iterator[str]:
    for box in diagram.boxes:
        if box.inner is None:
            yield f'{indent}{box.key} [label="{dot_label(box)}"];'
        else:
            title = "\\n".join(_quoted(line) for line in [box.title, *box.lines])
            yield f"{indent}subgraph cluster_{box.key} {{"
            yield f'{indent}  label="{title}";'
            yield from _dot_lines(box.inner, f"{indent}  ")
            yield f"{indent}}}"
    for start, end in diagram.arrows:
        tail, head, options = arrow_ends(diagram.boxes[start], diagram.boxes[end])
        written = "".join(f" [{', '.join(f'{name}={value}' for name, value in options.items())}]" if options else "")
        yield f"{indent}{tail} -> {head}{written};"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def arrow_ends(start: Box, end: Box) -> tuple[str, str, dict[str, str]]:
    """Return the nodes that an arrow connects in dot, and its options: dot's arrows end at nodes, not at clusters."""
    options = {}
    tail, head = start, end
    while tail.inner is not None:
        options.setdefault("ltail", f"cluster_{tail.key}")
        tail = tail.inner.sinks()[-1]
    while head.inner is not None:
        options.setdefault("lhead", f"cluster_{head.key}")
        head = head.inner.sources()[0]
    return tail.key, head.key, options
