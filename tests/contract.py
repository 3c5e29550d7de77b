"""The table of layer descriptors: one entry for each way of using a layer; test_contract.py checks them all.

A layer that is registered and has no entry here fails a test. An entry needs the class, arguments with which it can
compute, the shapes of its inputs, what it does with a mask, and once for each class all arguments of its constructor
with values that are not the defaults.
"""

from typing import Any

from jkeras import backend as K
from jkeras import constraints, layers, regularizers
from tests.contract_images import IMAGES
from tests.contract_others import OTHERS
from tests.descriptors import WEIGHTED, Descriptor, arrays, connect, values

__all__ = ["DESCRIPTORS", "Descriptor", "arrays", "connect", "values"]


def mirrored(x: Any, factor: float = 1.0) -> Any:
    """Return twice the features: `x` and its negative."""
    return factor * K.concatenate([x, -x], axis=-1)


def twice_as_wide(shape: Any) -> Any:
    return (*shape[:-1], 2 * shape[-1])


def first_mask(x: Any, mask: Any) -> Any:
    return mask


def difference(inputs: Any, factor: float = 1.0) -> Any:
    return factor * (inputs[0] - inputs[1])


def shape_of_first(shapes: Any) -> Any:
    return shapes[0]


def mask_of_first(masks: Any) -> Any:
    return masks[0]


FUNCTIONS = {
    function.__name__: function
    for function in (mirrored, twice_as_wide, first_mask, difference, shape_of_first, mask_of_first)
}

# Every argument of SimpleRNN, which the other recurrent layers have too.
RECURRENT: dict[str, Any] = {
    "output_dim": 5,
    "init": "he_normal",
    "inner_init": "glorot_normal",
    "activation": "relu",
    "W_regularizer": regularizers.l1l2(0.25, 0.5),
    "U_regularizer": regularizers.l1(0.25),
    "b_regularizer": regularizers.l2(0.125),
    "dropout_W": 0.25,
    "dropout_U": 0.5,
    "return_sequences": True,
    "go_backwards": True,
    "stateful": True,
    "unroll": True,
    "consume_less": "gpu",
    "input_dim": 3,
    "input_length": 6,
}
PAIR = ((4, 3), (4, 3))
CONNECTION = frozenset({"layers", "node_indices", "tensor_indices", "name"})


def merging(
    name: str, mode: Any, shapes: tuple[tuple[int, ...], ...], mask: str = "joins", **arguments: Any
) -> Descriptor:
    return Descriptor(
        f"merge_{name}", layers.Merge, {"mode": mode, **arguments}, shapes, mask, not_in_config=CONNECTION
    )


DESCRIPTORS = (
    Descriptor(
        "dense",
        layers.Dense,
        {"output_dim": 5},
        ((4, 3),),
        "refuses",
        every_argument={"output_dim": 5, "activation": "tanh", "input_dim": 3, **WEIGHTED},
    ),
    Descriptor("dense_3d", layers.Dense, {"output_dim": 5, "activation": "relu"}, ((4, 2, 3),), "refuses"),
    Descriptor("dense_no_bias", layers.Dense, {"output_dim": 2, "bias": False}, ((4, 3),), "refuses"),
    Descriptor("dense_penalties", layers.Dense, {"output_dim": 2, **WEIGHTED, "bias": True}, ((4, 3),), "refuses"),
    Descriptor(
        "timedistributeddense",
        layers.TimeDistributedDense,
        {"output_dim": 5},
        ((4, 2, 3),),
        "passes",
        every_argument={"output_dim": 5, "activation": "tanh", "input_dim": 3, "input_length": 2, **WEIGHTED},
    ),
    Descriptor(
        "highway",
        layers.Highway,
        {"activation": "tanh"},
        ((4, 3),),
        "refuses",
        every_argument={"activation": "tanh", "input_dim": 3, **WEIGHTED},
    ),
    Descriptor("highway_no_bias", layers.Highway, {"bias": False}, ((4, 3),), "refuses"),
    Descriptor(
        "maxoutdense",
        layers.MaxoutDense,
        {"output_dim": 2, "nb_feature": 3},
        ((4, 3),),
        "refuses",
        every_argument={"output_dim": 2, "nb_feature": 3, "input_dim": 3, **WEIGHTED},
    ),
    Descriptor(
        "activation",
        layers.Activation,
        {"activation": "softplus"},
        ((4, 3),),
        "passes",
        every_argument={"activation": "softplus"},
    ),
    Descriptor(
        "activityregularization",
        layers.ActivityRegularization,
        {"l1": 0.5, "l2": 0.25},
        ((4, 3),),
        "passes",
        every_argument={"l1": 0.5, "l2": 0.25},
    ),
    Descriptor(
        "masking",
        layers.Masking,
        {},
        ((4, 2, 3),),
        "makes",
        every_argument={"mask_value": -1.0},
    ),
    Descriptor(
        "dropout",
        layers.Dropout,
        {"p": 0.5},
        ((8, 5),),
        "passes",
        random=True,
        every_argument={"p": 0.25, "noise_shape": (4, 1), "seed": 3},
    ),
    Descriptor(
        "dropout_noise_shape",
        layers.Dropout,
        {"p": 0.5, "noise_shape": (None, 1, 6)},
        ((4, 2, 6),),
        "passes",
        random=True,
    ),
    Descriptor("dropout_none", layers.Dropout, {"p": 0}, ((4, 3),), "passes"),
    Descriptor(
        "spatialdropout1d",
        layers.SpatialDropout1D,
        {"p": 0.5},
        ((4, 2, 6),),
        "passes",
        random=True,
        every_argument={"p": 0.25, "seed": 3, "noise_shape": (1, 1, 3)},
    ),
    Descriptor(
        "spatialdropout2d",
        layers.SpatialDropout2D,
        {"p": 0.5},
        ((4, 6, 2, 2),),
        "passes",
        random=True,
        every_argument={"p": 0.25, "dim_ordering": "tf", "seed": 3, "noise_shape": (1, 1, 1, 3)},
    ),
    Descriptor(
        "spatialdropout3d",
        layers.SpatialDropout3D,
        {"p": 0.5, "dim_ordering": "tf"},
        ((4, 2, 1, 2, 6),),
        "passes",
        random=True,
        every_argument={"p": 0.25, "dim_ordering": "tf", "seed": 3, "noise_shape": (1, 1, 1, 1, 3)},
    ),
    Descriptor("flatten", layers.Flatten, {}, ((4, 2, 3),), "refuses", every_argument={}),
    Descriptor(
        "reshape",
        layers.Reshape,
        {"target_shape": (3, -1)},
        ((4, 2, 6),),
        "refuses",
        every_argument={"target_shape": (3, -1)},
    ),
    Descriptor(
        "permute", layers.Permute, {"dims": (2, 1, 3)}, ((4, 2, 3, 5),), "refuses", every_argument={"dims": (2, 1, 3)}
    ),
    Descriptor("repeatvector", layers.RepeatVector, {"n": 3}, ((4, 2),), "refuses", every_argument={"n": 3}),
    Descriptor(
        "embedding",
        layers.Embedding,
        {"input_dim": 7, "output_dim": 3},
        ((4, 5),),
        "drops",
        high=7,
        every_argument={
            "input_dim": 7,
            "output_dim": 3,
            "init": "normal",
            "input_length": 5,
            "mask_zero": True,
            "dropout": 0.5,
            "W_regularizer": regularizers.l2(0.5),
            "activity_regularizer": regularizers.activity_l2(0.5),
            "W_constraint": constraints.UnitNorm(),
        },
    ),
    Descriptor(
        "embedding_mask_dropout",
        layers.Embedding,
        {"input_dim": 7, "output_dim": 3, "mask_zero": True, "dropout": 0.5},
        ((8, 5),),
        "makes",
        high=7,
        random=True,
    ),
    Descriptor(
        "lambda",
        layers.Lambda,
        {"function": mirrored},
        ((4, 3),),
        "refuses",
        custom_objects=FUNCTIONS,
        every_argument={
            "function": mirrored,
            "output_shape": twice_as_wide,
            "arguments": {"factor": 3.0},
            "mask": first_mask,
        },
    ),
    Descriptor(
        "lambda_shape_mask",
        layers.Lambda,
        {"function": mirrored, "output_shape": (2, 6), "mask": first_mask},
        ((4, 2, 3),),
        "passes",
        custom_objects=FUNCTIONS,
    ),
    merging("sum", "sum", ((4, 3),) * 3),
    merging("mul", "mul", ((4, 3),) * 3),
    merging("ave", "ave", ((4, 2, 3),) * 3),
    merging("max", "max", ((4, 2, 3),) * 2),
    merging("concat", "concat", ((4, 2, 3), (4, 2, 1)), concat_axis=-1),
    merging("concat_steps", "concat", ((4, 2, 3), (4, 1, 3)), concat_axis=1),
    merging("dot", "dot", PAIR, "drops"),
    merging("dot_3d", "dot", ((4, 3, 2), (4, 5, 3)), "drops", dot_axes=(1, 2)),
    merging("cos", "cos", PAIR, "drops", dot_axes=1),
    merging("cos_3d", "cos", ((4, 2, 3),) * 2, "drops", dot_axes=2),
    Descriptor(
        "merge_function",
        layers.Merge,
        {"mode": difference},
        PAIR,
        "drops",
        custom_objects=FUNCTIONS,
        not_in_config=CONNECTION,
        every_argument={
            "mode": difference,
            "concat_axis": 1,
            "dot_axes": [1, 1],
            "output_shape": shape_of_first,
            "output_mask": mask_of_first,
            "arguments": {"factor": 2.0},
        },
    ),
    Descriptor(
        "timedistributed",
        layers.TimeDistributed,
        lambda: {"layer": layers.Dense(5)},
        ((4, 2, 3),),
        "passes",
        every_argument=lambda: {"layer": layers.Dense(5, activation="tanh", name="inner")},
    ),
    Descriptor(
        "timedistributed_dropout",
        layers.TimeDistributed,
        lambda: {"layer": layers.Dropout(0.5)},
        ((4, 2, 6),),
        "passes",
        random=True,
    ),
    Descriptor("simplernn", layers.SimpleRNN, {"output_dim": 5}, ((4, 6, 3),), "drops", every_argument=RECURRENT),
    Descriptor(
        "simplernn_sequences", layers.SimpleRNN, {"output_dim": 5, "return_sequences": True}, ((4, 6, 3),), "passes"
    ),
    Descriptor(
        "simplernn_dropout", layers.SimpleRNN, {"output_dim": 8, "dropout_W": 0.5}, ((4, 6, 3),), "drops", random=True
    ),
    Descriptor(
        "gru",
        layers.GRU,
        {"output_dim": 5},
        ((4, 6, 3),),
        "drops",
        every_argument={**RECURRENT, "inner_activation": "sigmoid"},
    ),
    Descriptor(
        "gru_gpu_sequences",
        layers.GRU,
        {"output_dim": 5, "consume_less": "gpu", "return_sequences": True},
        ((4, 6, 3),),
        "passes",
    ),
    Descriptor(
        "gru_dropout",
        layers.GRU,
        {"output_dim": 8, "consume_less": "gpu", "dropout_U": 0.5},
        ((4, 6, 3),),
        "drops",
        random=True,
    ),
    Descriptor(
        "lstm",
        layers.LSTM,
        {"output_dim": 5},
        ((4, 6, 3),),
        "drops",
        every_argument={**RECURRENT, "inner_activation": "sigmoid", "forget_bias_init": "zero"},
    ),
    Descriptor(
        "lstm_backwards_unrolled",
        layers.LSTM,
        {"output_dim": 5, "go_backwards": True, "unroll": True, "return_sequences": True, "consume_less": "gpu"},
        ((4, 3, 3),),
        "passes",
    ),
    Descriptor(
        "lstm_penalties_dropout",
        layers.LSTM,
        {
            "output_dim": 8,
            "dropout_W": 0.5,
            "dropout_U": 0.5,
            "W_regularizer": regularizers.l2(0.5),
            "U_regularizer": regularizers.l1(0.5),
            "b_regularizer": regularizers.l2(0.5),
        },
        ((4, 6, 3),),
        "drops",
        random=True,
    ),
    Descriptor(
        "bidirectional",
        layers.Bidirectional,
        lambda: {"layer": layers.LSTM(5, name="inner")},
        ((4, 6, 3),),
        "drops",
        every_argument=lambda: {
            "layer": layers.GRU(5, activation="relu", go_backwards=True, name="inner"),
            "merge_mode": "ave",
        },
    ),
    Descriptor(
        "bidirectional_sequences",
        layers.Bidirectional,
        lambda: {"layer": layers.GRU(5, return_sequences=True, name="inner"), "merge_mode": "mul"},
        ((4, 6, 3),),
        "passes",
    ),
    *IMAGES,
    *OTHERS,
)
