"""Pictures of models and trainings: what is in them, where it stands, and what is missing for other formats."""

import importlib
import itertools
import random
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from jkeras.errors import MissingExtraError
from jkeras.layers import LSTM, Dense, Dropout, Input, TimeDistributed, merge
from jkeras.models import Model, Sequential
from jkeras.utils import visualize_util
from jkeras.utils.curves import curves_svg
from jkeras.utils.diagram import Box, Diagram, diagram_of, dot_text
from jkeras.utils.diagram_layout import place
from jkeras.utils.html import history_html, summary_html
from jkeras.utils.visualize_util import model_to_dot, model_to_svg, plot, plot_history

# pydot's reader calls pyparsing by old names.
PARSING = pytest.mark.filterwarnings("ignore::DeprecationWarning:pydot")
SVG = "{http://www.w3.org/2000/svg}"


def stack():
    return Sequential(
        [Dense(6, input_dim=5, name="first"), Dropout(0.5, name="drop"), Dense(2, name="last")], name="stack"
    )


def siamese():
    """An encoder called twice, a layer called on its own output, an input that comes in late."""
    left, right, late = Input((4, 3), name="left"), Input((4, 3), name="right"), Input((7,), name="late")
    encoder = Sequential([LSTM(5, input_shape=(4, 3), name="lstm"), Dense(4, name="code")], name="encoder")
    both = merge([encoder(left), encoder(right)], mode="concat", name="both")
    twice = Dense(8, name="twice")
    joined = merge([twice(twice(both)), late], mode="concat", name="joined")
    return Model([left, right, late], Dense(1, name="out")(joined), name="siamese")


def texts(svg):
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter(f"{SVG}text")]


# ---- models


def test_a_stack_as_svg(tmp_path):
    plot(stack(), to_file=str(tmp_path / "model.svg"), show_shapes=True)
    shown = texts((tmp_path / "model.svg").read_text())
    assert [text for text in shown if "put:" not in text] == [
        "dense_input_1: InputLayer",
        "first: Dense",
        "drop: Dropout",
        "last: Dense",
    ]
    assert shown[-3:] == ["last: Dense", "input: (None, 6)", "output: (None, 2)"]


def test_names_and_shapes_on_demand():
    assert texts(model_to_svg(stack(), show_layer_names=False)) == ["InputLayer", "Dense", "Dropout", "Dense"]
    wrapped = Sequential([TimeDistributed(Dense(2, name="inner"), input_shape=(4, 3), name="outer")])
    assert texts(model_to_svg(wrapped))[1] == "outer(inner): TimeDistributed(Dense)"


def test_nested_models_and_shared_layers():
    diagram = diagram_of(siamese(), show_shapes=True)
    boxes = {box.title: box for box in diagram.boxes}
    encoder = boxes["encoder: Sequential"]
    assert encoder.kind == "shared" and encoder.lines[-1] == "shared: called 2 times"
    assert [box.title.split(":")[0] for box in encoder.inner.boxes] == ["lstm_input_1", "lstm", "code"]
    assert boxes["twice: Dense"].lines == ["input: (None, 8)", "output: (None, 8)", "shared: called 2 times"]
    assert boxes["both: Merge"].lines[0] == "input: (None, 4), (None, 4)"
    named = {tuple(diagram.boxes[i].title.split(":")[0] for i in arrow) for arrow in diagram.arrows}
    assert named == {
        ("left", "encoder"),
        ("right", "encoder"),
        ("encoder", "both"),
        ("both", "twice"),
        ("twice", "twice"),
        ("twice", "joined"),
        ("late", "joined"),
        ("joined", "out"),
    }
    assert all(box.inner is None for box in diagram_of(siamese(), expand_nested=False).boxes)
    assert "lstm: LSTM" in texts(model_to_svg(siamese()))


def test_a_layer_that_gets_two_shapes():
    shared, x, y = Dense(2, name="shared"), Input((4, 3)), Input((5, 3))
    model = Model([x, y], merge([shared(x), shared(y)], mode="concat", concat_axis=1))
    (box,) = [box for box in diagram_of(model, show_shapes=True).boxes if box.title.startswith("shared")]
    assert box.lines[0] == "input: multiple"


def test_a_model_inside_a_wrapper_is_shown():
    inner = Sequential([Dense(3, input_dim=2, name="within")], name="inner")
    model = Sequential([TimeDistributed(inner, input_shape=(4, 2), name="times")])
    (box,) = [box for box in diagram_of(model).boxes if box.title.startswith("times")]
    assert box.title == "times(inner): TimeDistributed(Sequential)"
    assert box.inner.boxes[-1].title == "within: Dense"


@PARSING
def test_names_cannot_break_a_picture():
    name = 'a<b>&"c"|{d}\\'
    model = Sequential([Dense(1, input_dim=1, name=name)], name="<m>")
    assert texts(model_to_svg(model))[1] == f"{name}: Dense"
    pydot = pytest.importorskip("pydot")
    (graph,) = pydot.graph_from_dot_data(dot_text(diagram_of(model, show_shapes=True)))
    assert len(graph.get_edges()) == 1
    assert len(model_to_dot(model).get_edges()) == 1


@PARSING
def test_dot_text(tmp_path):
    plot(siamese(), str(tmp_path / "model.dot"), show_shapes=True)
    text = (tmp_path / "model.dot").read_text()
    assert 'layer_2_1 [label="lstm: LSTM|{input:|output:}|{{(None, 4, 3)}|{(None, 5)}}"];' in text
    assert 'label="encoder: Sequential\\ninput: (None, 4, 3)\\noutput: (None, 4)\\nshared: called 2 times";' in text
    assert "layer_0 -> layer_2_0 [lhead=cluster_layer_2];" in text
    pydot = pytest.importorskip("pydot")
    (graph,) = pydot.graph_from_dot_data(text)
    (cluster,) = graph.get_subgraphs()
    assert len(graph.get_edges()) == 8 and len(cluster.get_edges()) == 2


def test_model_to_dot():
    pytest.importorskip("pydot")
    dot = model_to_dot(stack(), show_shapes=True)
    nodes = [node for node in dot.get_nodes() if node.get_name() != "node"]
    assert [node.get_label() for node in nodes][1] == '"first: Dense|{input:|output:}|{{(None, 5)}|{(None, 6)}}"'
    assert [(edge.get_source(), edge.get_destination()) for edge in dot.get_edges()] == [
        ("layer_0", "layer_1"),
        ("layer_1", "layer_2"),
        ("layer_2", "layer_3"),
    ]
    (cluster,) = model_to_dot(siamese()).get_subgraphs()
    assert len(cluster.get_nodes()) == 3


def test_what_is_no_model_and_an_empty_one(tmp_path):
    with pytest.raises(TypeError, match="Expected a model; got Dense"):
        plot(Dense(2), tmp_path / "a.svg")
    with pytest.raises(ValueError, match="has no layers yet"):
        plot(Sequential(), tmp_path / "a.svg")
    assert not (tmp_path / "a.svg").exists()


def test_without_pydot_other_formats_name_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pydot", None)
    importlib.reload(visualize_util)
    for to_file in ("model.png", "model"):
        with pytest.raises(
            MissingExtraError, match=r"plot to \.png \(to \.svg it does without\).*'pydot'.*jkeras\[plot\]"
        ):
            visualize_util.plot(stack(), str(tmp_path / to_file))
    with pytest.raises(MissingExtraError, match="model_to_dot"):
        visualize_util.model_to_dot(stack())


def test_without_graphviz_the_message_says_what_to_do(monkeypatch, tmp_path):
    pytest.importorskip("pydot")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match=r"Graphviz's program 'dot' is needed .*write a \.svg file"):
        plot(stack(), str(tmp_path / "model.png"))


# ---- where boxes stand


def check_scene(scene):
    for first, second in itertools.combinations(scene.boxes, 2):
        apart = (
            first.x + first.width <= second.x
            or second.x + second.width <= first.x
            or first.y + first.height <= second.y
            or second.y + second.height <= first.y
        )
        assert apart, f"{first.box.title} and {second.box.title} overlap"
    for placed in scene.boxes:
        assert placed.x >= -1e-6 and placed.y >= 0
        assert placed.x + placed.width <= scene.width + 1e-6 and placed.y + placed.height <= scene.height + 1e-6
    for points in scene.arrows:
        assert all(y <= to_y for (_, y), (_, to_y) in itertools.pairwise(points))
        for (x, y), (to_x, to_y) in itertools.pairwise(points[1:-1]):
            for placed in scene.boxes:
                crosses = (
                    x == to_x
                    and placed.x < x < placed.x + placed.width
                    and y < placed.y + placed.height
                    and placed.y < to_y
                )
                assert not crosses, f"an arrow goes through {placed.box.title}"


@pytest.mark.parametrize("seed", range(20))
def test_boxes_never_overlap_and_arrows_go_down(seed):
    draw = random.Random(seed)
    n = draw.randint(1, 30)
    boxes = [Box(f"b{i}", "x" * draw.randint(1, 40), ["line"] * draw.randint(0, 3)) for i in range(n)]
    arrows = list({tuple(sorted(draw.sample(range(n), 2))) for _ in range(2 * n if n > 1 else 0)})
    scene = place(Diagram(boxes, arrows))
    check_scene(scene)
    assert len(scene.arrows) == len(arrows) and not scene.up


def test_arrows_back_are_kept_apart():
    boxes = [Box(f"b{i}", "box", []) for i in range(4)]
    scene = place(Diagram(boxes, [(0, 1), (1, 2), (2, 1), (2, 3), (3, 3)]))
    assert len(scene.arrows) == 3 and len(scene.up) == 2
    assert [placed.y for placed in scene.boxes] == sorted({placed.y for placed in scene.boxes})


def test_nested_boxes_lie_inside():
    scene = place(diagram_of(siamese(), show_shapes=True))
    check_scene(scene)
    (outer,) = [placed for placed in scene.boxes if placed.inner is not None]
    for inner in outer.inner.boxes:
        assert outer.x < inner.x and inner.x + inner.width < outer.x + outer.width
        assert outer.y < inner.y and inner.y + inner.height < outer.y + outer.height


def test_a_ladder_is_drawn_without_crossings():
    boxes = [Box(f"b{i}", "box", []) for i in range(6)]
    scene = place(Diagram(boxes, [(0, 3), (1, 2), (2, 5), (3, 4)]))  # two chains, listed crosswise
    for chain in ((0, 3, 4), (1, 2, 5)):
        middles = {round(scene.boxes[i].x + scene.boxes[i].width / 2, 3) for i in chain}
        assert len(middles) == 1


# ---- trainings

HISTORY = {"loss": [1.0, 0.5, 0.4], "acc": [0.1, 0.6, 0.7], "val_loss": [1.1, 0.7, 0.8], "val_acc": [0.2, 0.5, 0.6]}


def test_curves(tmp_path):
    text = plot_history(HISTORY, to_file=str(tmp_path / "curve.svg"))
    assert (tmp_path / "curve.svg").read_text() == text
    assert [t for t in texts(text) if t.isalpha()] == [
        "loss",
        "epoch",
        "training",
        "validation",
        "acc",
        "epoch",
        "training",
        "validation",
    ]
    lines = [line.get("points").split() for line in ET.fromstring(text).iter(f"{SVG}polyline")]
    assert [len(line) for line in lines] == [3, 3, 3, 3]
    heights = [float(point.split(",")[1]) for point in lines[0]]
    assert heights[0] < heights[1] < heights[2]  # the loss falls, y grows downwards


def test_curves_of_a_real_training():
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    history = model.fit(np.zeros((8, 2)), np.zeros(8), nb_epoch=2, verbose=0, validation_split=0.5)
    assert curves_svg(history) == curves_svg(model) == curves_svg(history.history)
    assert history_html(history) == curves_svg(history)


def test_long_names_do_not_run_into_the_legend():
    def title(name, **values):
        element = next(iter(ET.fromstring(curves_svg({name: [1.0, 0.5], **values})).iter(f"{SVG}text")))
        return element.text, float(element.get("font-size"))

    assert title("loss") == ("loss", 12.0)
    long = "auxiliary_output_mean_squared_logarithmic_error"
    shown, size = title(long, **{f"val_{long}": [1.0, 0.5]})
    assert size == 8.0
    assert len(shown) < 34 and shown.startswith("auxiliary_out") and shown.endswith("_error") and "…" in shown
    assert title(long)[0] == long  # without a legend there is room for it


def test_gaps_single_points_and_other_values():
    text = curves_svg(
        {"loss": [1.0, float("nan"), 0.5, 0.25], "val_acc": [0.5], "note": ["a", "b"], "inf": [float("inf")]}
    )
    root = ET.fromstring(text)
    assert [len(line.get("points").split()) for line in root.iter(f"{SVG}polyline")] == [2]
    assert len(list(root.iter(f"{SVG}circle"))) == 2
    shown = texts(text)
    assert "val_acc" in shown and "note" not in shown and "inf" in shown
    for constant in ([3.0, 3.0], [0.0, 0.0], [1e-30], [-2.0, -2.0], [1e20, 1.0]):
        assert "nan" not in curves_svg({"loss": constant})


@pytest.mark.parametrize(
    ("history", "error", "message"),
    [
        ({}, ValueError, "holds no numbers"),
        ({"loss": []}, ValueError, "Did the training run for an epoch"),
        ([0.1, 0.2], TypeError, r"a dict such as \{'loss': \[0.5, 0.3\]\}; got list"),
        (Sequential(), TypeError, "got NoneType|got Sequential"),
    ],
)
def test_nothing_to_show(history, error, message):
    with pytest.raises(error, match=message):
        plot_history(history)


def test_curves_in_other_formats(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"plot_history to \.png .*'matplotlib'.*jkeras\[plot\]"):
        plot_history(HISTORY, str(tmp_path / "curve.png"))


def test_curves_by_matplotlib(tmp_path):
    pytest.importorskip("matplotlib")
    plot_history(HISTORY, str(tmp_path / "curve.png"))
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


# ---- notebooks


def test_summary_as_html():
    model = siamese()
    model.get_layer("twice").trainable = False
    root = ET.fromstring(summary_html(model).replace("<br>", "<br/>"))
    rows = [["".join(cell.itertext()) for cell in row] for row in root.iter("tr")]
    assert rows[0] == ["Layer (type)", "Output shape", "Params", "Connected to"]
    by_name = {row[0]: row[1:] for row in rows[1:]}
    assert by_name["encoder (Sequential)"][0] == "(None, 4)"
    assert by_name["twice (Dense) frozen"] == ["(None, 8)", "72", "both[0]twice[0]"]
    assert f"Total params: {model.count_params():,}" in "".join(root.itertext())
    assert "Non-trainable params: 72" in "".join(root.itertext())


def test_html_of_what_is_empty():
    assert "no layers yet" in summary_html(Sequential(name="<a>")) and "<a>" not in summary_html(Sequential(name="<a>"))
    assert "not finished an epoch" in history_html({})


def test_very_deep_models_are_cut():
    model = Sequential([Dense(1, input_dim=1)] + [Dense(1) for _ in range(209)])
    assert "… and 10 more layers" in summary_html(model)
