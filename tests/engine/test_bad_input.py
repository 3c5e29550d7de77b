"""What a newcomer gets wrong, and what the message says: which layer or argument, what was expected, what came, the likely fix."""

# One line for each mistake, however long.
# ruff: noqa: E501

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras.errors import DisconnectedGraphError, UnknownNameError
from jkeras.layers import (
    Activation,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Masking,
    Merge,
    Reshape,
    TimeDistributed,
    merge,
)
from jkeras.models import Model, Sequential

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype("float32")
Y = np.eye(2)[[0, 1, 0, 1, 0, 1]]
NUMBERS = np.array([0, 1, 2, 0, 1, 2])


def net(loss="mse", output=2, **kwargs):
    """A stack with input 'x' and layers 'h' and 'out'."""
    x = Input((3,), name="x")
    model = Model(x, Dense(output, name="out")(Dense(4, name="h")(x)), name="net")
    if loss:
        model.compile("sgd", loss, **kwargs)
    return model


def two():
    """Inputs 'a' (3) and 'b' (2), outputs 'p' (2) and 'q' (1)."""
    a, b = Input((3,), name="a"), Input((2,), name="b")
    both = merge([a, b], mode="concat")
    model = Model([a, b], [Dense(2, name="p")(both), Dense(1, name="q")(both)], name="net")
    model.compile("sgd", "mse")
    return model


def fails(error, message, action):
    with pytest.raises(error, match=message):
        action()


def case(name, message, action, error=ValueError):
    return pytest.param(error, message, action, id=name)


def check(*cases):
    return pytest.mark.parametrize(("error", "message", "action"), cases)


# ---- data that do not fit the inputs


@check(
    case("size", r"model input: expected 'x' to have shape \(None, 3\) but got an array with shape \(6, 4\)\. Axis 1 has 4 entries and the model was built for 3: check the data, or build it for 4\.", lambda: np.ones((6, 4))),
    case("rank", r"expected 'x' to have shape \(None, 3\) .* shape \(6, 3, 1\)\. Flatten the samples: x.reshape\(len\(x\), -1\)", lambda: X[..., None]),
    case("one sample", r"but got an array with shape \(3,\)\. A single sample needs a batch dimension: x\[None\]", lambda: X[0]),
    case("a number", r"expected 'x' to have shape \(None, 3\) but got an array with shape \(\)", lambda: 3.0),
    case("list of samples", r"list of arrays given as model input has 6 entries; the model expects 1: \['x'\]. .*np.array\(list\)", lambda: list(X)),
    case("two inputs", r"has 2 entries; the model expects 1: \['x'\]", lambda: [X, X]),
    case("nothing", r"model input: no data were given \(None\); expected arrays for \['x'\]", lambda: None),
    case("empty list", r"model input: no data were given \(an empty list\); expected arrays for \['x'\]", lambda: []),
    case("no samples", r"model input: 'x' is empty; its shape is \(0, 3\)", lambda: X[:0]),
    case("no features", r"model input: 'x' is empty; its shape is \(6, 0\)", lambda: X[:, :0]),
    case("object", r"'x' has dtype object, not numbers\. Rows of different lengths\? Pad them: .*pad_sequences", lambda: np.array([[1, 2, 3], [1]], dtype=object)),
    case("ragged", r"'x' is ragged, its rows have different lengths", lambda: [[1, 2, 3], [1]]),
    case("strings", r"'x' has dtype <U1, not numbers\. Encode text as integers first", lambda: [["a", "b", "c"]]),
    case("bytes", r"'x' has dtype \|S1, not numbers", lambda: np.array([[b"a", b"b", b"c"]])),
    case("a text", r"'x' has dtype <U5, not numbers", lambda: "x.npy"),
    case("complex", r"'x' has dtype complex128; expected real numbers", lambda: X.astype("complex128")),
    case("dates", r"'x' has dtype datetime64\[D\]; expected real numbers", lambda: np.array([["2017-01-01"] * 3], dtype="datetime64[D]")),
)  # fmt: skip
@pytest.mark.parametrize("method", ["predict", "fit"])
def test_inputs(error, message, action, method):
    model = net()
    fails(error, message, lambda: model.predict(action()) if method == "predict" else model.fit(action(), Y, verbose=0))


@check(
    case("one array", r"the model expects 2 arrays \(\['a', 'b'\]\), as a list or as a dict; got one ndarray of shape \(6, 3\)", lambda: X),
    case("three", r"has 3 entries; the model expects 2: \['a', 'b'\]", lambda: [X, X, X]),
    case("swapped", r"expected 'a' to have shape \(None, 3\) .* shape \(6, 2\)\..* The order is \['a', 'b'\]", lambda: [X[:, :2], X]),
    case("missing key", r"No data provided for 'b' in model input; it needs data for each of \['a', 'b'\]", lambda: {"a": X}),
    case("counts", r"All arrays need the same number of samples\. Number of samples in inputs: \[4, 6\]", lambda: [X, X[:4, :2]]),
)  # fmt: skip
def test_several_inputs(error, message, action):
    fails(error, message, lambda: two().predict(action()))


def test_keys_that_are_not_used():
    """Generators of Keras 1's examples yield such entries for people to look at."""
    with pytest.warns(UserWarning, match=r"model input: the key 'text' is none of \['x'\]; what it holds is not used"):
        assert net().predict({"x": X, "text": ["a", "b"]}).shape == (6, 2)


def test_temporal_weights_need_time_steps():
    with pytest.raises(
        ValueError, match=r"sample_weight_mode='temporal' needs targets of shape \(samples, time, …\); .* \(6, 2\)"
    ):
        net(sample_weight_mode="temporal").fit(X, Y, verbose=0)


@check(
    case("steps", r"Sequences must be 5 steps long here: cut or pad them \(.*pad_sequences, maxlen=5\), or .* with None in place of 5", lambda: ((5, 3), (6, 7, 3))),
    case("features", r"Axis 2 has 2 entries and the model was built for 3: check the data, or build it for 2", lambda: ((5, 3), (6, 5, 2))),
    case("no features", r"x\.reshape\(len\(x\), 5, 1\) gives them that shape", lambda: ((5, 1), (6, 5))),
    case("any length", r"x\.reshape\(len\(x\), -1, 1\) gives them that shape", lambda: ((None, 1), (6, 5))),
    case("no channel", r"x\.reshape\(len\(x\), 1, 8, 9\) gives them that shape", lambda: ((1, 8, 9), (6, 8, 9))),
    case("two sizes", r"but got an array with shape \(6, 4, 2\)\.$", lambda: ((5, 3), (6, 4, 2))),
    case("other numbers", r"but got an array with shape \(6, 4\)\. It needs 3 axes, and has 2\.$", lambda: ((5, 3), (6, 4))),
)  # fmt: skip
def test_the_likely_cause_of_a_wrong_shape(error, message, action):
    expected, given = action()
    model = Sequential([Activation("linear", input_shape=expected)])
    fails(error, message, lambda: model.predict(np.zeros(given)))


def test_images_in_another_order():
    model = Sequential([Flatten(input_shape=(3, 8, 9))])
    message = r"to have shape \(None, 3, 8, 9\) but got .* \(2, 8, 9, 3\)\. The sizes are there in another order.*dim_ordering"
    fails(ValueError, message, lambda: model.predict(np.zeros((2, 8, 9, 3))))


def test_indices_outside_of_an_embedding():
    model = Sequential([Embedding(5, 3, input_length=2, name="words")])
    message = (
        r"'words' \(Embedding\) has input_dim=5, so indices run from 0 to 4; got 7 at position \(1, 0\)\. Set input_dim"
    )
    fails(ValueError, message, lambda: model.predict(np.array([[1, 2], [7, 1]])))


def test_nan():
    x, y = X.copy(), Y.copy()
    x[2, 1] = np.nan
    y[:, 0] = np.nan
    message = r"model input: 'x' holds NaN in 1 of 6 samples, first at index \(2, 1\).*remove or replace"
    fails(ValueError, message, lambda: net().fit(x, Y, verbose=0))
    fails(ValueError, message, lambda: net().train_on_batch(x, Y))
    fails(ValueError, r"model target: 'out' holds NaN in 6 of 6 samples", lambda: net().fit(X, y, verbose=0))
    assert np.isnan(net().predict(x)[2]).all()  # to ask a model about NaN is no mistake


# ---- targets that do not fit the loss


@check(
    case(
        "integers for categorical_crossentropy",
        r"targets for 'out' have shape \(6, 1\), but categorical_crossentropy compares with one-hot rows of 3 classes\. .*"
        r"to_categorical\(y\), or use the loss 'sparse_categorical_crossentropy'",
        lambda: net("categorical_crossentropy", 3).fit(X, NUMBERS, verbose=0),
    ),
    case(
        "one-hot for sparse_categorical_crossentropy",
        r"targets for 'out' have shape \(6, 3\), but sparse_categorical_crossentropy takes class numbers, of shape \(None, 1\)\. "
        r"For one-hot rows use the loss 'categorical_crossentropy'",
        lambda: net("sparse_categorical_crossentropy", 3).fit(X, np.eye(3)[NUMBERS], verbose=0),
    ),
    case(
        "numbers outside",
        r"'out' for sparse_categorical_crossentropy are class numbers from 0 to 2 .*got numbers from 0 to 3",
        lambda: net("sparse_categorical_crossentropy", 3).fit(X, NUMBERS + NUMBERS // 2, verbose=0),
    ),
    case(
        "other size",
        r"Targets for 'out' of shape \(6, 3\) were given for an output of shape \(None, 2\); the loss mean_squared_error expects",
        lambda: net("mse").fit(X, X, verbose=0),
    ),
    case(
        "two columns for one probability",
        r"Targets for 'out' of shape \(6, 2\) were given for an output of shape \(None, 1\); the loss binary_crossentropy",
        lambda: net("binary_crossentropy", 1).fit(X, Y, verbose=0),
    ),
    case(
        "other rank",
        r"model target: expected 'out' to have shape \(None, 2\) but got an array with shape \(6, 2, 1\)",
        lambda: net("mae").fit(X, Y[..., None], verbose=0),
    ),
    case(
        "fewer samples",
        r"All arrays need the same number of samples\. Number of samples in inputs: \[6\], targets: \[5\]",
        lambda: net().fit(X, Y[:5], verbose=0),
    ),
    case("missing", r"No data provided for 'q' in model target", lambda: two().fit([X, X[:, :2]], {"p": Y}, verbose=0)),
    case("text", r"model target: 'out' has dtype <U3, not numbers", lambda: net().fit(X, np.array(["cat"] * 6), verbose=0)),
)  # fmt: skip
def test_targets(error, message, action):
    fails(error, message, action)


@check(
    case("length", r"Sample weights of shape \(5,\) do not fit targets of shape \(6, 2\)", {"sample_weight": np.ones(5)}),
    case("rank", r"Sample weights have shape \(samples,\); got \(6, 2\)\. .*sample_weight_mode='temporal'", {"sample_weight": np.ones((6, 2))}),
    case("missing class", r"class_weight has no weight for class 1; it has \[0\]", {"class_weight": {0: 1.0}}),
    case("share", r"validation_split is a share between 0 and 1; got 1.5", {"validation_split": 1.5}),
    case("validation", r"validation_data is \(x, y\) or \(x, y, sample_weight\); got ndarray", {"validation_data": X}),
    case("batch size", r"batch_size is a positive whole number; got 0", {"batch_size": 0}),
)  # fmt: skip
def test_arguments_of_fit(error, message, action):
    fails(error, message, lambda: net("categorical_crossentropy").fit(X, Y, verbose=0, **action))


# ---- building


@check(
    case(
        "no shape",
        r"first layer of a Sequential needs to know what comes in: give Dense\('first'\) input_shape=\(…\).*without the batch "
        r"dimension, or input_dim=",
        lambda: Sequential([Dense(3, name="first")]),
    ),
    case("no shape, no weights", r"give Activation\('activation_1'\) input_shape=", lambda: Sequential([Activation("relu")])),
    case("bare size", r"'d': input_shape is a tuple of sizes such as \(784,\); got 3\. A single size is written \(3,\)", lambda: Dense(2, input_shape=3, name="d")),
    case("negative size", r"'d': sizes in input_shape are positive whole numbers or None; got \(-1,\)", lambda: Dense(2, input_shape=(-1,), name="d")),
    case("fraction", r"'d': sizes in input_shape are positive whole numbers or None; got \(2.5,\)", lambda: Dense(2, input_shape=(2.5,), name="d")),
    case("input_dim", r"Dense: input_dim must be a positive whole number; got \(3,\)", lambda: Dense(2, input_dim=(3,))),
    case("output_dim", r"Dense: output_dim must be a positive whole number; got 0", lambda: Dense(0)),
    case("Input()", r"Input needs shape= \(one sample, such as \(784,\)\) or batch_shape=", lambda: Input()),
    case("Input(3)", r"'input_1': input_shape is a tuple of sizes.*\(3,\)", lambda: Input(3)),
    case("both shapes", r"Input takes one of shape= and batch_shape=; got both, \(3,\) and \(2, 3\)", lambda: Input((3,), (2, 3))),
    case("unknown size", r"'d': weight 'W' would have shape \(None, 2\).*input shape was \(None, None\)\. Give .* full input_shape", lambda: Dense(2, name="d")(Input((None,)))),
    case("a class", r"Sequential.add takes a layer; got type\. Make it first: add\(Dense\(32\)\)", lambda: Sequential().add(Dense), TypeError),
    case("a tensor", r"Sequential.add takes a layer; got KerasTensor\. .*first layer: input_shape", lambda: Sequential().add(Input((3,))), TypeError),
    case("a layer for a list", r"Sequential takes a list of layers; got the layer 'dense_1'\. Write Sequential\(\[layer\]\)", lambda: Sequential(Dense(2)), TypeError),
    case("the same layer", r"Layer 'd' is already in 'sequential_1'\. To share a layer use the functional API", lambda: Sequential([d := Dense(3, input_dim=3, name="d"), d])),
    case("two outputs", r"Layer 'net' has 2 outputs; in a Sequential every layer has one", lambda: Sequential([two()])),
    case("empty model below", r"model 'empty' has no layers yet; add some before adding it to 'sequential_1'", lambda: Sequential([Sequential(name="empty")])),
    case("in use", r"Layer 'h' follows 'x' in another model", lambda: Sequential([_second_layer()])),
)  # fmt: skip
def test_first_layers_and_stacks(error, message, action):
    fails(error, message, action)


def _second_layer():
    stack = Sequential([Dense(3, input_dim=3, name="x"), Dense(3, name="h")])
    return stack.layers[1]


@check(
    case("rank", r"Input of layer 't' \(TimeDistributed\): expected an input of at least 3 dimensions; got shape \(None, 3\)", lambda: Sequential([Dense(3, input_dim=3), TimeDistributed(Dense(3), name="t")])),
    case("no features", r"Input of layer 'd' \(Dense\): expected an input of at least 2 dimensions; got shape \(None,\)", lambda: Dense(3, name="d")(Input(()))),
    case("two tensors", r"Layer 'd' \(Dense\) takes 1 input; it was called on 2\. .*merge\(", lambda: Dense(3, name="d")([Input((3,)), Input((3,))])),
    case("shared", r"Layer 'd' \(Dense\) was built for inputs whose last size is 3; got shape \(None, 4\)", lambda: [(d := Dense(3, name="d"))(Input((3,))), d(Input((4,)))]),
    case("sizes", r"Layer 'r' \(Reshape\) cannot give samples of shape \(3,\), 3 numbers, the shape \(2, 2\)", lambda: Sequential([Dense(3, input_dim=3), Reshape((2, 2), name="r")])),
    case("numbers", r"Layer 'd' was called on ndarray; .*tensors that Input\(\) and other layers return\. .*layer.apply\(params, x\)", lambda: Dense(3, name="d")(X), TypeError),
    case("a layer", r"Layer 'd' was called on Dense", lambda: Dense(3, name="d")(Dense(3)), TypeError),
    case("nothing", r"Layer 'd' was called on an empty list; it needs at least one tensor", lambda: Dense(3, name="d")([])),
    case("model: size", r"Input 'x' of model 'net': expected size 3 in axis 1.*called on shape \(None, 5\)", lambda: net()(Input((5,)))),
    case("model: number", r"Model 'net' takes 1 input, \['x'\]; it was called on 2", lambda: net()([Input((3,)), Input((3,))])),
    case("name", r"Dense: name must be a string without '/'; got 'a/b'", lambda: Dense(3, name="a/b")),
)  # fmt: skip
def test_calls(error, message, action):
    fails(error, message, action)


@check(
    case("sum", r"Layer 'm' \(Merge, mode 'sum'\) needs inputs of one shape; got \(None, 3\), \(None, 4\)", lambda: merge([Input((3,)), Input((4,))], mode="sum", name="m")),
    case("concat", r"'concat'\) needs inputs whose shapes agree in all axes but concat_axis=-1; got \(None, 3, 2\), \(None, 4, 1\)", lambda: merge([Input((3, 2)), Input((4, 1))], mode="concat")),
    case("dot", r"'dot'\) sums over axis 1 of the first input and axis 1 .*must agree; got \(None, 3\), \(None, 4\)\. Set dot_axes", lambda: merge([Input((3,)), Input((4,))], mode="dot")),
    case("one", r"Merge is called on a list of at least two tensors", lambda: merge([Input((3,))]), TypeError),
    case("layers", r"needs inputs of one shape; got \(None, 2\), \(None, 3\)", lambda: Merge([Sequential([Dense(n, input_dim=3)]) for n in (2, 3)], mode="sum")),
    case("mode", r"Unknown merge mode: 'summ'\. Perhaps you meant 'sum'", lambda: merge([Input((3,)), Input((3,))], mode="summ"), UnknownNameError),
)  # fmt: skip
def test_merges(error, message, action):
    fails(error, message, action)


@check(
    case("disconnected", r"Graph disconnected in 'm': the outputs depend on 'b' .* not among the inputs \['a'\]\. Layers between: \['d'\]\. Add that tensor", lambda: Model(Input((3,), name="a"), Dense(2, name="d")(Input((3,), name="b")), name="m"), DisconnectedGraphError),
    case("inside", r"Model 'm': input= takes tensors that Input\(\) returns; 'h_out' is the output of layer 'h' \(Dense\)\. .*Input\(shape=\(4,\)\)", lambda: (lambda h: Model(h, Dense(2)(h), name="m"))(Dense(4, name="h")(Input((3,)))), TypeError),
    case("names", r"layer name 'd' is used 2 times in 'm'\. Layer names are unique in a model: give one of them another name=", lambda: (lambda x: Model(x, Dense(3, name="d")(Dense(3, name="d")(x)), name="m"))(Input((3,))), RuntimeError),
    case("names in a stack", r"'s' already has a layer named 'd'\. .*another name=", lambda: Sequential([Dense(3, input_dim=3, name="d"), Dense(3, name="d")], name="s"), RuntimeError),
    case("names in branches", r"layer name 'd' is used 2 times in 's'\. .*another name=", lambda: Sequential([Merge([Sequential([Dense(2, input_dim=3, name="d")]) for _ in range(2)])], name="s"), RuntimeError),
    case("names of inputs", r"layer name 'x' is used 2 times", lambda: Model([a := Input((3,), name="x"), b := Input((3,), name="x")], merge([a, b])), RuntimeError),
    case("arrays", r"Model 'm': input= takes tensors, as Input\(\) and layers return them; got ndarray", lambda: Model(X, X, name="m"), TypeError),
    case("a layer", r"Model 'm': output= takes tensors.*got Dense", lambda: Model(Input((3,)), Dense(3), name="m"), TypeError),
    case("twice", r"Model 'm': the same tensor is given twice as input: \['x', 'x'\]", lambda: (lambda x: Model([x, x], Dense(3)(x), name="m"))(Input((3,), name="x"))),
    case("nothing", r"Model 'm' needs at least one input and one output tensor", lambda: Model([], [], name="m")),
)  # fmt: skip
def test_graphs(error, message, action):
    fails(error, message, action)


@check(
    case("stack", r"Layer 'f' \(Flatten\) does not support masking, but its input carries a mask \(from Masking or Embedding.*remove the masking", lambda: Sequential([Masking(input_shape=(3, 2)), Flatten(name="f")])),
    case("words", r"Layer 'd' \(Dense\) does not support masking", lambda: Sequential([Embedding(5, 3, mask_zero=True, input_length=4), Dense(2, name="d")])),
    case("nested", r"Layer 'inner' \(Model\) cannot be applied .*Layer 'f' \(Flatten\) does not support masking", lambda: _flatten_model()(Masking()(Input((3, 2))))),
)  # fmt: skip
def test_masks_that_are_refused(error, message, action):
    fails(error, message, action)


def _flatten_model():
    x = Input((3, 2))
    return Model(x, Flatten(name="f")(x), name="inner")


# ---- names that do not exist


@check(
    case("loss", r"Unknown objective: 'categorical_crossentrop'\. Perhaps you meant 'categorical_crossentropy'", lambda: net("categorical_crossentrop")),
    case("optimizer", r"Unknown optimizer: 'adamm'\. Perhaps you meant 'Adam'", lambda: net(None).compile("adamm", "mse")),
    case("metric", r"Unknown metric: 'mean_square_error'\. Perhaps you meant 'mean_squared_error'", lambda: net(metrics=["mean_square_error"])),
    case("activation", r"Unknown activation: 'rlu'\. Perhaps you meant 'relu'", lambda: Dense(3, activation="rlu")),
    case("initialization", r"Unknown initialization: 'glorot'\. Perhaps you meant 'glorot_normal' or 'glorot_uniform'", lambda: Dense(3, init="glorot")),
    case("regularizer", r"Unknown regularizer: 'l3'\. Known are: .*l1, l1l2, l2", lambda: Dense(3, W_regularizer="l3")),
    case("constraint", r"Unknown constraint: 'maxnrom'\. Perhaps you meant 'MaxNorm' or 'maxnorm'", lambda: Dense(3, W_constraint="maxnrom")),
    case("layer keyword", r"Dense: unknown keyword argument 'activaton'\. Perhaps you meant 'activation'", lambda: Dense(3, activaton="relu"), TypeError),
    case("common keyword", r"Dropout: unknown keyword argument 'inputshape'\. Perhaps you meant 'input_shape'", lambda: Dropout(0.5, inputshape=(3,)), TypeError),
    case("compile keyword", r"compile: unknown keyword argument 'metric'\. Perhaps you meant 'metrics'", lambda: net(None).compile("sgd", "mse", metric=["acc"]), TypeError),
    case("layer of a model", r"Model 'net' has no layer named 'outt'\. Perhaps you meant 'out'", lambda: net().get_layer("outt")),
    case("output in a dict", r"Unknown output 'r' in the dict loss\. Known are: p, q", lambda: two().compile("sgd", {"p": "mse", "r": "mse"})),
    case("number of losses", r"list of losses has 1 entries; the model has 2 outputs: \['p', 'q'\]", lambda: two().compile("sgd", ["mse"])),
    case("metrics as a text", r"metrics is a list, such as \['accuracy'\].*got 'accuracy'", lambda: net(metrics="accuracy"), TypeError),
    case("no loss", r"compile needs a loss, such as 'categorical_crossentropy' or 'mse'", lambda: net(None).compile("sgd", None)),
)  # fmt: skip
def test_names(error, message, action):
    fails(error, message, action)


# ---- too early


@check(
    case("fit before compile", r"Model 'net' is not compiled: call model.compile\(optimizer, loss\) before fit\(\)", lambda: net(None).fit(X, Y, verbose=0), RuntimeError),
    case("evaluate before compile", r"'net' is not compiled: .*before evaluate\(\)", lambda: net(None).evaluate(X, Y), RuntimeError),
    case("train_on_batch before compile", r"'net' is not compiled: .*before train_on_batch\(\)", lambda: net(None).train_on_batch(X, Y), RuntimeError),
    case("predict before layers", r"'empty' has no layers yet: add some, the first one with input_shape=", lambda: Sequential(name="empty").predict(X), RuntimeError),
    case("summary before layers", r"'empty' has no layers yet", lambda: Sequential(name="empty").summary(), RuntimeError),
    case("compile before layers", r"'empty' has no layers yet", lambda: Sequential(name="empty").compile("sgd", "mse"), RuntimeError),
    case("params before build", r"Layer 'd' \(Dense\) is not built yet, so its weights are not known: call it on a tensor.*init\(key, input_shape\)", lambda: Dense(3, name="d").params, RuntimeError),
    case("count before build", r"Layer 'd' \(Dense\) is not built yet", lambda: Dense(3, name="d").count_params(), RuntimeError),
    case("init before build", r"Layer 'd' is not built yet: give init\(key, input_shape\), e.g. init\(key, \(None, 20\)\)", lambda: Dense(3, name="d").init(jax.random.key(0))),
    case("output before a call", r"Layer 'd' has no output: it was never called on a tensor", lambda: Dense(3, name="d").output, AttributeError),
)  # fmt: skip
def test_too_early(error, message, action):
    fails(error, message, action)


# ---- weights


@check(
    case("number", r"set_weights on 'net': the model has 4 weights, the list has 1 arrays\. .*\['h_W', 'h_b', 'out_W', 'out_b'\]", lambda: net().set_weights([np.ones((3, 4))])),
    case("shape", r"set_weights on 'net': weight 'out_W' has shape \(4, 2\), the array given for it has shape \(4, 3\)", lambda: net().set_weights([np.ones((3, 4)), np.ones(4), np.ones((4, 3)), np.ones(2)])),
    case("layer: number", r"set_weights on 'h': expected 2 arrays \(h_W, h_b\), got 1", lambda: net().get_layer("h").set_weights([np.ones((3, 4))])),
    case("weights=", r"set_weights on 'd': weight 'd_W' has shape \(3, 4\), the array given for it has shape \(4, 3\)", lambda: Sequential([Dense(4, input_dim=3, name="d", weights=[np.ones((4, 3)), np.ones(4)])])),
    case("set_value", r"Layer 'h': weight 'W' has shape \(3, 4\); the value given has shape \(2, 2\)", lambda: net().get_layer("h").W.set_value(np.ones((2, 2)))),
)  # fmt: skip
def test_weights(error, message, action):
    fails(error, message, action)


def test_weights_that_do_not_fit_change_nothing():
    model = net()
    before = model.get_weights()
    fails(ValueError, "'out_W'", lambda: model.set_weights([np.ones((3, 4)), np.ones(4), np.ones((4, 3)), np.ones(2)]))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


# ---- the functional face


@check(
    case("other model's params", r"Model 'net': params lack \['h'\]\['W'\]\. They must be of this model: from model.init\(key\)", lambda: net().apply({"dense": {}}, X)),
    case("part of the params", r"params lack \['out'\]\['W'\]", lambda: (lambda m: m.apply({"h": m.params["h"]}, X))(net())),
    case("arguments swapped", r"params are a nested dict.*got ndarray\. The arguments are apply\(params, x\)", lambda: (lambda m: m.apply(X, m.params))(net()), TypeError),
    case("a number as key", r"init of 'net' takes a random key, such as jax.random.key\(0\); got 0", lambda: net().init(0), TypeError),
    case("shape", r"Input 'x' of model 'net': expected size 3 in axis 1", lambda: (lambda m: m.apply(m.params, np.ones((6, 4))))(net())),
    case("no key", r"'drop' \(Dropout\) is random while training and needs a key", lambda: Sequential([Dropout(0.5, input_shape=(3,), name="drop")]).apply_with_state({}, {}, X, train=True)),
)  # fmt: skip
def test_functional_face(error, message, action):
    fails(error, message, action)


# ---- symbolic tensors are no arrays


@check(
    case("array", r"is symbolic: it has no numbers yet", lambda: np.asarray(Input((3,))), TypeError),
    case("truth", r"is symbolic: it has no truth value", lambda: 1 if Input((3,)) else 2, TypeError),
    case("loop", r"is symbolic: it cannot be iterated over", lambda: list(Input((3,))), TypeError),
)  # fmt: skip
def test_symbolic_tensors(error, message, action):
    fails(error, message, action)


def test_jax_functions_refuse_symbolic_tensors():
    fails(TypeError, "KerasTensor", lambda: jnp.exp(Input((3,))))
