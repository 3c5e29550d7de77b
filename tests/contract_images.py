"""The lines of tests/contract.py for layers that slide windows over sequences, images and volumes."""

from typing import Any

from jkeras import constraints, layers, regularizers
from tests.descriptors import WEIGHTED, Descriptor

__all__ = ["IMAGES"]

SEQUENCE, IMAGE, VOLUME = ((4, 7, 3),), ((4, 3, 6, 5),), ((4, 3, 4, 5, 3),)
LAST = ((4, 6, 5, 3),)  # images with the channels last
CONVOLUTION: dict[str, Any] = {**WEIGHTED, "activation": "tanh", "border_mode": "same", "dialect": "theano"}
FILTERS_2D: dict[str, Any] = {
    **CONVOLUTION,
    "nb_filter": 4,
    "nb_row": 3,
    "nb_col": 2,
    "subsample": (2, 1),
    "dim_ordering": "tf",
}


def line(name: str, cls: Any, shapes: Any, every_argument: Any = None, **arguments: Any) -> Descriptor:
    return Descriptor(name, cls, arguments, shapes, "refuses", every_argument=every_argument)


CONVOLUTIONS = (
    line(
        "convolution1d",
        layers.Convolution1D,
        SEQUENCE,
        {
            **CONVOLUTION,
            "nb_filter": 4,
            "filter_length": 3,
            "subsample_length": 2,
            "input_dim": 3,
            "input_length": 7,
        },
        nb_filter=4,
        filter_length=3,
    ),
    line(
        "convolution1d_full", layers.Convolution1D, SEQUENCE, nb_filter=4, filter_length=2, border_mode="full",
        subsample_length=2, dialect="theano", bias=False,
    ),
    line(
        "atrousconvolution1d",
        layers.AtrousConvolution1D,
        SEQUENCE,
        {
            **CONVOLUTION,
            "nb_filter": 4,
            "filter_length": 3,
            "subsample_length": 2,
            "atrous_rate": 2,
            "input_dim": 3,
            "input_length": 7,
        },
        nb_filter=4,
        filter_length=3,
        atrous_rate=2,
    ),
    line("convolution2d", layers.Convolution2D, IMAGE, FILTERS_2D, nb_filter=4, nb_row=3, nb_col=2, activation="relu"),
    line(
        "convolution2d_same", layers.Convolution2D, LAST, nb_filter=4, nb_row=2, nb_col=3, border_mode="same",
        subsample=(2, 1), dim_ordering="tf", W_regularizer=regularizers.l2(0.5),
    ),
    line(
        "convolution2d_theano", layers.Convolution2D, IMAGE, nb_filter=4, nb_row=2, nb_col=4, border_mode="same",
        subsample=(1, 2), dialect="theano",
    ),
    line(
        "atrousconvolution2d",
        layers.AtrousConvolution2D,
        IMAGE,
        {**FILTERS_2D, "atrous_rate": (1, 2)},
        nb_filter=4,
        nb_row=3,
        nb_col=2,
        atrous_rate=(2, 1),
    ),
    line(
        "convolution3d",
        layers.Convolution3D,
        VOLUME,
        {
            **CONVOLUTION,
            "nb_filter": 4,
            "kernel_dim1": 1,
            "kernel_dim2": 2,
            "kernel_dim3": 3,
            "subsample": (1, 2, 1),
            "dim_ordering": "tf",
        },
        nb_filter=4,
        kernel_dim1=2,
        kernel_dim2=3,
        kernel_dim3=2,
    ),
    line(
        "deconvolution2d",
        layers.Deconvolution2D,
        IMAGE,
        {**FILTERS_2D, "output_shape": (None, 12, 5, 4)},
        nb_filter=4,
        nb_row=3,
        nb_col=2,
        output_shape=(None, 4, 13, 6),
        subsample=(2, 1),
    ),
    line(
        "deconvolution2d_same", layers.Deconvolution2D, LAST, nb_filter=2, nb_row=3, nb_col=4, border_mode="same",
        output_shape=(None, 12, 9, 2), subsample=(2, 2), dim_ordering="tf",
    ),
    line(
        "separableconvolution2d",
        layers.SeparableConvolution2D,
        IMAGE,
        {
            **{name: value for name, value in FILTERS_2D.items() if not name.startswith("W_")},
            "depth_multiplier": 2,
            "depthwise_regularizer": regularizers.l2(0.25),
            "pointwise_regularizer": regularizers.l1(0.5),
            "depthwise_constraint": constraints.UnitNorm(),
            "pointwise_constraint": constraints.NonNeg(),
        },
        nb_filter=4,
        nb_row=3,
        nb_col=2,
        depth_multiplier=2,
    ),
    line(
        "separableconvolution2d_same", layers.SeparableConvolution2D, LAST, nb_filter=4, nb_row=2, nb_col=3,
        border_mode="same", dim_ordering="tf", dialect="theano", pointwise_regularizer=regularizers.l2(0.5),
    ),
)  # fmt: skip

POOLINGS = tuple(
    entry
    for kind in ("Max", "Average")
    for entry in (
        line(
            f"{kind.lower()}pooling1d",
            getattr(layers, f"{kind}Pooling1D"),
            SEQUENCE,
            {"pool_length": 3, "stride": 2, "border_mode": "same", "dialect": "theano"},
            pool_length=3,
            stride=2,
        ),
        line(
            f"{kind.lower()}pooling2d",
            getattr(layers, f"{kind}Pooling2D"),
            IMAGE,
            {
                "pool_size": (2, 3),
                "strides": (1, 2),
                "border_mode": "same",
                "dim_ordering": "tf",
                "dialect": "theano",
            },
        ),
        line(
            f"{kind.lower()}pooling2d_same", getattr(layers, f"{kind}Pooling2D"), LAST, pool_size=(3, 2), strides=(2, 1),
            border_mode="same", dim_ordering="tf",
        ),
        line(
            f"{kind.lower()}pooling2d_theano", getattr(layers, f"{kind}Pooling2D"), IMAGE, pool_size=(3, 4),
            strides=(2, 2), border_mode="same", dialect="theano",
        ),
        line(
            f"{kind.lower()}pooling3d",
            getattr(layers, f"{kind}Pooling3D"),
            VOLUME,
            {
                "pool_size": (1, 2, 3),
                "strides": (2, 1, 1),
                "border_mode": "same",
                "dim_ordering": "tf",
                "dialect": "theano",
            },
            pool_size=(2, 2, 1),
        ),
        line(f"global{kind.lower()}pooling1d", getattr(layers, f"Global{kind}Pooling1D"), SEQUENCE, {}),
        line(
            f"global{kind.lower()}pooling2d", getattr(layers, f"Global{kind}Pooling2D"), IMAGE, {"dim_ordering": "tf"}
        ),
        line(
            f"global{kind.lower()}pooling3d",
            getattr(layers, f"Global{kind}Pooling3D"),
            VOLUME,
            {"dim_ordering": "tf"},
            dim_ordering="tf",
        ),
    )
)  # fmt: skip

RESIZINGS = (
    line("upsampling1d", layers.UpSampling1D, SEQUENCE, {"length": 3}),
    line("upsampling2d", layers.UpSampling2D, IMAGE, {"size": (1, 3), "dim_ordering": "tf"}, size=(1, 3)),
    line("upsampling3d", layers.UpSampling3D, VOLUME, {"size": (1, 3, 2), "dim_ordering": "tf"}, dim_ordering="tf"),
    line("zeropadding1d", layers.ZeroPadding1D, SEQUENCE, {"padding": (2, 3)}),
    line("zeropadding1d_dict", layers.ZeroPadding1D, SEQUENCE, padding={"right_pad": 2}),
    line("zeropadding2d", layers.ZeroPadding2D, IMAGE, {"padding": (2, 3), "dim_ordering": "tf"}, padding=(1, 0, 2, 3)),
    line("zeropadding2d_tf", layers.ZeroPadding2D, LAST, padding={"top_pad": 1}, dim_ordering="tf"),
    line("zeropadding3d", layers.ZeroPadding3D, VOLUME, {"padding": (2, 3, 0), "dim_ordering": "tf"}),
    line("cropping1d", layers.Cropping1D, SEQUENCE, {"cropping": (2, 3)}),
    line("cropping2d", layers.Cropping2D, IMAGE, {"cropping": ((1, 0), (2, 1)), "dim_ordering": "tf"}),
    line("cropping2d_tf", layers.Cropping2D, LAST, cropping=((1, 0), (2, 1)), dim_ordering="tf"),
    line("cropping3d", layers.Cropping3D, VOLUME, {"cropping": ((1, 0), (0, 1), (0, 0)), "dim_ordering": "tf"}),
)

IMAGES = (*CONVOLUTIONS, *POOLINGS, *RESIZINGS)
