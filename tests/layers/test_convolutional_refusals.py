"""What convolutional layers, and those that resize, pad and crop, refuse, and what they say about it."""

import pytest

from jkeras.layers import (
    AtrousConvolution1D,
    AtrousConvolution2D,
    Convolution1D,
    Convolution2D,
    Convolution3D,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Deconvolution2D,
    Embedding,
    Input,
    SeparableConvolution2D,
    TimeDistributed,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)
from jkeras.models import Sequential


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Convolution2D(4, 3, 3, border_mode="sme"), "Convolution2D: Unknown border_mode 'sme'.*meant 'same'"),
        (lambda: SeparableConvolution2D(4, 3, 3, border_mode="full"), "Unknown border_mode 'full'"),
        (lambda: Convolution2D(4, 3, 3, dim_ordering="the"), "Convolution2D: Unknown dim_ordering 'the': expected 'th'"),
        (lambda: UpSampling2D(dim_ordering=None), "UpSampling2D: Unknown dim_ordering None"),
        (
            lambda: Convolution2D(4, 3, 3, dim_ordering="channels_last"),
            "Convolution2D: Unknown dim_ordering 'channels_last', a word of Keras 2's .* Give dim_ordering='tf'",
        ),
        (lambda: Convolution2D(4, 3, 3, dialect="jax"), "Unknown dialect 'jax': expected 'tensorflow' or 'theano'"),
        (lambda: Convolution2D(0, 3, 3), "nb_filter must be a positive whole number; got 0"),
        (lambda: Convolution2D(4, 3, 3, subsample=2), r"Convolution2D: subsample must be 2 positive .* got 2"),
        (lambda: Convolution1D(4, 3, subsample_length=0), "subsample_length must be a positive whole number"),
        (lambda: AtrousConvolution2D(4, 3, 3, atrous_rate=(0, 1)), "atrous_rate must be 2 positive whole numbers"),
        (lambda: Convolution2D(4, 3, 3, nb_filters=3), "unknown keyword argument 'nb_filters'. Perhaps you meant 'nb_filter'"),
        (lambda: Deconvolution2D(4, 3, 3, (6, 6)), r"output_shape is \(batch, nb_filter, rows, cols\); got \(6, 6\)"),
        (lambda: Deconvolution2D(4, 3, 3, (None, 3, 6, 6)), r"with nb_filter=4; got \(None, 3, 6, 6\)\.$"),
        (
            lambda: Deconvolution2D(4, 3, 3, (None, 6, 6, 4)),
            r"\(batch, nb_filter, rows, cols\) with nb_filter=4; got .*channels last, give dim_ordering='tf'",
        ),
        (lambda: Deconvolution2D(4, 3, 3, (None, 4, None, 6)), "output_shape: rows and columns must be 2 positive"),
        (lambda: ZeroPadding2D({"left": 1}), "a dict for padding has keys from .*'right_pad'.*; got 'left'"),
        (lambda: ZeroPadding2D((1, 2, 3)), r"padding must be 2 whole numbers that are not negative.*got \(1, 2, 3\)"),
        (lambda: ZeroPadding1D(-1), "padding must be 2 whole numbers that are not negative"),
        (lambda: Cropping2D((1, 1)), "each entry of cropping must be 2 whole numbers"),
        (lambda: Cropping3D(((1, 1), (1, 1))), r"Cropping3D: cropping is 3 pairs .* such as \(\(1, 1\), \(1, 1\), \(1, 1\)\)"),
        (lambda: Cropping1D((0, -1)), "Cropping1D: cropping must be 2 whole numbers that are not negative"),
    ],
)  # fmt: skip
def test_arguments_that_make_no_sense(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (
            lambda: Convolution2D(4, 3, 3),
            (28, 28, 1),
            r"'convolution2d_1' \(Convolution2D\), input of shape \(None, 28, 28, 1\): a filter of 3 × 3 .* 28 × 1 rows and "
            r"columns.*channels last, give dim_ordering='tf' or call K.set_image_dim_ordering\('tf'\)",
        ),
        (lambda: Convolution2D(4, 3, 3, dim_ordering="tf"), (1, 28, 28), "channels first, give dim_ordering='th'"),
        (lambda: Convolution1D(4, 5), (4, 3), "a filter of 5 .* 4 time steps.* Give longer sequences"),
        (lambda: AtrousConvolution1D(4, 3, atrous_rate=4), (8, 3), "a filter of 9 .* 8 time steps"),
        (lambda: TimeDistributed(Convolution2D(4, 3, 3)), (5, 9, 9, 1), "a filter of 3 × 3 is larger than the input"),
        (lambda: Convolution2D(4, 3, 3), (None, 8, 8), r"the number of channels, axis 1 of the input .* must be known"),
        (lambda: Convolution1D(4, 3), (8, None), r"the number of features, axis 2 of the input, must be known"),
        (
            lambda: Convolution2D(4, 3, 3),
            (8, 8),
            r"expected an input of 4 dimensions, \(batch, channels, rows, cols\) with dim_ordering='th'; got shape "
            r"\(None, 8, 8\)\. Grey images have one channel: .* \(1, 8, 8\) in place of \(8, 8\)",
        ),
        (lambda: Convolution2D(4, 3, 3, dim_ordering="tf"), (8, 8), r"\(8, 8, 1\) in place of \(8, 8\)"),
        (
            lambda: Convolution1D(4, 3),
            (8,),
            r"\(batch, time, features\); .* one feature: .* \(8, 1\) in place of \(8,\)",
        ),
        (lambda: Convolution2D(4, 3, 3), (None, 3, 8, 8), "leave the batch out, or give batch_input_shape"),
        (
            lambda: UpSampling2D(),
            (5, 3, 8, 8),
            "To apply the layer to each step of a sequence, put it into TimeDistributed",
        ),
        (
            lambda: Convolution3D(4, 3, 3, 3),
            (3, 8),
            r"expected an input of 5 dimensions, .* got shape \(None, 3, 8\)\. Put Reshape\(\(channels, dim1, dim2, dim3\)\)",
        ),
        (
            lambda: Deconvolution2D(4, 3, 3, (None, 4, 9, 9)),
            (3, 4, 4),
            r"'deconvolution2d_1' \(Deconvolution2D\), input of shape \(None, 3, 4, 4\): .* of 4 × 4 .* cannot give an output of "
            r"9 × 9\. Sizes that fit: 6 × 6\. Correct output_shape",
        ),
        (
            lambda: Deconvolution2D(4, 3, 3, (None, 4, 9, 9), subsample=(2, 3), border_mode="same"),
            (3, 4, 2),
            r"Sizes that fit: 7 or 8 × 4 or 5 or 6\.",
        ),
        (lambda: Deconvolution2D(4, 3, 3, (None, 4, 30, 30)), (28, 28, 1), "channels last, give dim_ordering='tf'"),
        (
            lambda: Deconvolution2D(4, 2, 2, (None, 4, 9, 9), border_mode="full"),
            (3, 1, 1),
            "No output fits: use smaller",
        ),
        (lambda: Deconvolution2D(4, 3, 3, (None, 4, 6, 6)), (3, None, 4), "rows and columns must be known"),
        (lambda: Cropping2D(((0, 0), (2, 2))), (28, 28, 3), "Cut off less. dim_ordering is 'th', .* dim_ordering='tf'"),
        (lambda: Cropping1D((2, 2)), (4, 3), r"'cropping1d_1' .* leaves nothing of .* Cut off less\.$"),
        (
            lambda: Cropping2D(((2, 2), (1, 1))),
            (3, 4, 4),
            r"'cropping2d_1' \(Cropping2D\) cuts off \(\(2, 2\), \(1, 1\)\) .* leaves nothing of .* \(None, 3, 4, 4\)",
        ),
    ],
)
def test_inputs_that_do_not_fit(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer()(Input(shape))


def test_masks_are_refused():
    with pytest.raises(ValueError, match=r"'convolution1d_1' \(Convolution1D\) does not support masking"):
        Sequential([Embedding(5, 3, mask_zero=True, input_length=6), Convolution1D(4, 3)])
