"""The lines of tests/contract.py for normalization, noise, activations, and local and recurrent convolutions."""

from typing import Any

from jkeras import layers, regularizers
from tests.descriptors import WEIGHTED, Descriptor

__all__ = ["OTHERS"]

IMAGES = ((4, 3, 6, 5),)


def line(
    name: str, cls: Any, shapes: Any, mask: str = "passes", every_argument: Any = None, **arguments: Any
) -> Descriptor:
    return Descriptor(name, cls, arguments, shapes, mask, every_argument=every_argument)


NORMALIZATION: dict[str, Any] = {
    "epsilon": 0.5,
    "mode": 2,
    "axis": 1,
    "momentum": 0.5,
    "beta_init": "uniform",
    "gamma_init": "uniform",
    "gamma_regularizer": regularizers.l2(0.5),
    "beta_regularizer": regularizers.l1(0.5),
}
LOCAL: dict[str, Any] = {**WEIGHTED, "activation": "tanh"}
PLACES = {"not_in_config": frozenset({"weights", "border_mode"})}  # which has one value only

OTHERS = (
    Descriptor(
        "batchnormalization",
        layers.BatchNormalization,
        {},
        ((4, 3),),
        "passes",
        needs_state=True,
        every_argument=NORMALIZATION,
    ),
    Descriptor(
        "batchnormalization_channels", layers.BatchNormalization, {"axis": 1}, IMAGES, "passes", needs_state=True
    ),
    line("batchnormalization_samples", layers.BatchNormalization, ((4, 2, 3),), mode=1),
    line("batchnormalization_batch", layers.BatchNormalization, ((4, 2, 3),), mode=2),
    Descriptor(
        "gaussiannoise",
        layers.GaussianNoise,
        {"sigma": 0.5},
        ((4, 3),),
        "passes",
        random=True,
        every_argument={"sigma": 0.5},
    ),
    Descriptor(
        "gaussiandropout",
        layers.GaussianDropout,
        {"p": 0.5},
        ((4, 3),),
        "passes",
        random=True,
        every_argument={"p": 0.5},
    ),
    line("leakyrelu", layers.LeakyReLU, ((4, 3),), every_argument={"alpha": 0.5}),
    line("elu", layers.ELU, ((4, 3),), every_argument={"alpha": 0.5}),
    line("thresholdedrelu", layers.ThresholdedReLU, ((4, 3),), every_argument={"theta": 0.5}),
    line("prelu", layers.PReLU, ((4, 3),), every_argument={"init": "one", "shared_axes": [1]}),
    line("prelu_shared", layers.PReLU, IMAGES, init="uniform", shared_axes=[2, 3]),
    line(
        "parametricsoftplus",
        layers.ParametricSoftplus,
        ((4, 3),),
        every_argument={"alpha_init": 0.5, "beta_init": 2.0, "shared_axes": [1]},
    ),
    line(
        "srelu",
        layers.SReLU,
        ((4, 3),),
        every_argument={
            "t_left_init": "uniform",
            "a_left_init": "uniform",
            "t_right_init": "uniform",
            "a_right_init": "uniform",
            "shared_axes": [1],
        },
    ),
    Descriptor(
        "locallyconnected1d",
        layers.LocallyConnected1D,
        {"nb_filter": 4, "filter_length": 3},
        ((4, 7, 3),),
        "refuses",
        every_argument={
            **LOCAL,
            "nb_filter": 4,
            "filter_length": 3,
            "subsample_length": 2,
            "input_dim": 3,
            "input_length": 7,
        },
        **PLACES,
    ),
    Descriptor(
        "locallyconnected2d",
        layers.LocallyConnected2D,
        {"nb_filter": 4, "nb_row": 3, "nb_col": 2, "subsample": (2, 1)},
        IMAGES,
        "refuses",
        every_argument={
            **LOCAL,
            "nb_filter": 4,
            "nb_row": 3,
            "nb_col": 2,
            "subsample": (2, 1),
            "dim_ordering": "tf",
        },
        **PLACES,
    ),
    Descriptor(
        "convlstm2d",
        layers.ConvLSTM2D,
        {"nb_filter": 2, "nb_row": 3, "nb_col": 3},
        ((4, 3, 2, 5, 4),),
        "drops",
        every_argument={
            "nb_filter": 2,
            "nb_row": 3,
            "nb_col": 2,
            "init": "he_normal",
            "inner_init": "glorot_uniform",
            "forget_bias_init": "zero",
            "activation": "relu",
            "inner_activation": "sigmoid",
            "dim_ordering": "tf",
            "border_mode": "same",
            "subsample": (2, 1),
            "W_regularizer": regularizers.l2(0.5),
            "U_regularizer": regularizers.l1(0.5),
            "b_regularizer": regularizers.l2(0.5),
            "dropout_W": 0.5,
            "dropout_U": 0.5,
            "dialect": "theano",
            "return_sequences": True,
            "go_backwards": True,
            "stateful": True,
        },
        not_in_config=frozenset({"weights", "unroll", "consume_less", "input_dim", "input_length"}),
    ),
    Descriptor(
        "convlstm2d_dropout",
        layers.ConvLSTM2D,
        {
            "nb_filter": 2,
            "nb_row": 3,
            "nb_col": 3,
            "border_mode": "same",
            "return_sequences": True,
            "dropout_W": 0.5,
            "dropout_U": 0.5,
        },
        ((4, 3, 2, 5, 4),),
        "passes",
        random=True,
    ),
)
