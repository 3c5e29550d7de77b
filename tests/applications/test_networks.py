"""The networks of keras.applications: their sizes are Keras 1.2.2's, and they say what they cannot take."""

import json

import numpy as np
import pytest

from jkeras import applications
from jkeras import backend as K
from jkeras.applications import imagenet_utils, network
from jkeras.applications.music_tagger_crnn import MusicTaggerCRNN
from jkeras.applications.vgg16 import TH_WEIGHTS_PATH
from jkeras.layers import Convolution2D, Dense, GlobalAveragePooling2D, Input
from jkeras.models import Model

# (network, parameters, layers)
SIZES = [
    (applications.VGG16, 138357544, 23),
    (applications.VGG19, 143667240, 26),
    (applications.ResNet50, 25636712, 177),
    (applications.InceptionV3, 23660968, 220),
    (applications.Xception, 22910480, 134),
    (MusicTaggerCRNN, 400562, 24),
]


@pytest.fixture(params=["th", "tf"])
def ordering(request):
    before = K.image_dim_ordering()
    K.set_image_dim_ordering(request.param)
    yield request.param
    K.set_image_dim_ordering(before)


@pytest.mark.filterwarnings("ignore:Xception is only there:UserWarning")
@pytest.mark.parametrize(("make", "parameters", "layers"), SIZES, ids=[make.__name__ for make, _, _ in SIZES])
def test_sizes(make, parameters, layers, ordering):
    model = make(weights=None)
    assert (model.count_params(), len(model.layers)) == (parameters, layers)
    assert model.output_shape == (None, 50 if make is MusicTaggerCRNN else 1000)
    names = [layer.name for layer in model.layers]
    assert len(set(names)) == len(names)


def test_a_small_network_computes_and_trains(ordering):
    shape = (3, 48, 48) if ordering == "th" else (48, 48, 3)
    base = applications.VGG16(weights=None, include_top=False, input_shape=shape)
    assert base.output_shape == ((None, 512, 1, 1) if ordering == "th" else (None, 1, 1, 512))
    for layer in base.layers:
        layer.trainable = False
    model = Model(base.input, Dense(3, activation="softmax")(GlobalAveragePooling2D()(base.output)))
    model.compile("sgd", "categorical_crossentropy")
    x = np.random.default_rng(0).uniform(size=(2, *shape))
    before = [weight.copy() for weight in model.get_weights()]
    model.train_on_batch(x, np.eye(3)[:2])
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed[:-2] == [False] * (len(before) - 2)
    assert changed[-1]


def test_input_tensors():
    x = Input((3, 50, 60))
    model = applications.VGG16(weights=None, include_top=False, input_tensor=x)
    assert model.inputs == [x]
    colours = Convolution2D(3, 1, 1)(x)
    model = applications.VGG16(weights=None, include_top=False, input_tensor=colours)
    assert model.inputs == [x] and len(model.layers) == 20
    assert Model.from_config(model.get_config()).output_shape == model.output_shape
    # As in style transfer: several images, one of which is to be found.
    content, found = K.variable(np.ones((1, 3, 50, 60))), K.placeholder((1, 3, 50, 60))
    both = K.concatenate([content, found], axis=0)
    model = applications.VGG16(weights=None, include_top=False, input_tensor=both)
    assert len(model.layers) == 19 and model.layers[1].name == "block1_conv1"
    features = model.get_layer("block1_conv1").output
    loss = K.sum(K.square(features[0] - features[1]))
    step = K.function([found], [loss, *K.gradients(loss, found)])
    value, gradient = step([np.ones((1, 3, 50, 60))])
    assert value == 0
    assert gradient.shape == (1, 3, 50, 60)
    value, gradient = step([np.zeros((1, 3, 50, 60))])
    assert value > 0
    assert np.abs(gradient).max() > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (3, 100, 100)}, r"with include_top=True the images have shape \(3, 224, 224\)"),
        ({"include_top": False, "input_shape": (3, 40, 40)}, "at least 48 rows and columns"),
        ({"include_top": False, "input_shape": (48, 48, 3)}, "one image with 3 channels"),
        ({"weights": "somewhere.h5"}, "there is no file 'somewhere.h5'"),
        ({"weights": "imagenet", "classes": 10}, "trained weights are for 1000 classes"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        applications.VGG16(**{"weights": None, **arguments})


@pytest.mark.parametrize(
    ("given", "ordering", "include_top", "expected"),
    [
        (None, "th", True, (3, 224, 224)),
        (None, "tf", False, (None, None, 3)),
        ((224, 224, 3), "tf", True, (224, 224, 3)),
        ([3, 48, None], "th", False, (3, 48, None)),
        ((3, 48, 48), "th", True, r"images have shape \(3, 224, 224\)"),
        ((3, 47, 48), "th", False, "at least 48 rows and columns"),
        ((48, 48), "tf", False, "one image with 3 channels"),
    ],
)
def test_input_shapes_for_networks_of_scripts(given, ordering, include_top, expected):
    if isinstance(expected, tuple):
        assert imagenet_utils._obtain_input_shape(given, 224, 48, ordering, include_top) == expected
        return
    with pytest.raises(ValueError, match=expected):
        imagenet_utils._obtain_input_shape(given, 224, 48, ordering, include_top)


def test_xception_says_that_channels_stand_last():
    with pytest.warns(UserWarning, match="images with the channels last"):
        model = applications.Xception(weights=None, include_top=False, input_shape=(71, 71, 3))
    assert model.output_shape == (None, 3, 3, 2048)


def test_trained_weights_come_from_the_release(monkeypatch):
    asked = []

    def get_file(name, url, **kwargs):
        asked.append((name, url, kwargs["cache_subdir"]))
        raise OSError("no network")

    monkeypatch.setattr(network, "get_file", get_file)
    with pytest.raises(OSError, match="no network"):
        applications.VGG16()
    assert asked == [("vgg16_weights_th_dim_ordering_th_kernels.h5", TH_WEIGHTS_PATH, "models")]


def test_preprocess_input():
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5))
    before = images.copy()
    first = imagenet_utils.preprocess_input(images, "th")
    np.testing.assert_allclose(first[:, 0], images[:, 2] - 103.939, rtol=1e-5)
    np.testing.assert_allclose(first[:, 2], images[:, 0] - 123.68, rtol=1e-5)
    last = imagenet_utils.preprocess_input(np.moveaxis(images, 1, -1), "tf")
    np.testing.assert_array_equal(np.moveaxis(last, -1, 1), first)
    np.testing.assert_array_equal(images, before)
    np.testing.assert_allclose(applications.inception_v3.preprocess_input([0, 127.5, 255]), [-1, 0, 1])
    with pytest.raises(ValueError, match="3 channels on axis 1"):
        imagenet_utils.preprocess_input(np.moveaxis(images, 1, -1), "th")


def test_decode_predictions(monkeypatch, tmp_path):
    path = tmp_path / "index.json"
    path.write_text(json.dumps({str(i): [f"n{i:08}", f"thing_{i}"] for i in range(1000)}))
    monkeypatch.setattr(imagenet_utils, "CLASS_INDEX", None)
    monkeypatch.setattr(imagenet_utils, "get_file", lambda *args, **kwargs: str(path))
    scores = np.zeros((2, 1000))
    scores[0, 7], scores[0, 3], scores[1, 999] = 0.6, 0.4, 1.0
    found = imagenet_utils.decode_predictions(scores, top=2)
    assert found[0] == [("n00000007", "thing_7", 0.6), ("n00000003", "thing_3", 0.4)]
    assert found[1][0] == ("n00000999", "thing_999", 1.0)
    assert imagenet_utils.CLASS_INDEX["3"] == ["n00000003", "thing_3"]
    with pytest.raises(ValueError, match=r"\(batch, 1000\)"):
        imagenet_utils.decode_predictions(np.zeros((2, 10)))


def test_music_tags():
    from jkeras.applications.audio_conv_utils import decode_predictions

    scores = np.zeros((1, 50))
    scores[0, 9], scores[0, 0] = 0.9, 0.5
    assert decode_predictions(scores, top_n=2) == [[("jazz", 0.9), ("rock", 0.5)]]


def test_sounds_need_an_extra(monkeypatch):
    import sys

    from jkeras.applications.audio_conv_utils import preprocess_input

    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(ImportError, match=r"jkeras\[audio\]"):
        preprocess_input("song.mp3")
