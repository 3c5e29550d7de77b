"""ImageDataGenerator and its iterators: scales, batches, folders, seeds, threads, bad input."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from jkeras.layers import Dense, Flatten
from jkeras.models import Sequential
from jkeras.preprocessing.image import DirectoryIterator, ImageDataGenerator, Iterator, NumpyArrayIterator, load_img


def images(n=8, shape=(3, 6, 5)):
    return np.random.RandomState(0).uniform(0, 255, (n, *shape)).astype("float32")


# ---- scales


def test_featurewise_statistics():
    x = images()
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
    original = x.copy()
    generator.fit(x)
    np.testing.assert_array_equal(x, original)
    np.testing.assert_allclose(generator.mean.ravel(), x.mean(axis=(0, 2, 3)), rtol=1e-5)
    scaled = np.stack([generator.standardize(image) for image in x])
    np.testing.assert_array_equal(x, original)
    np.testing.assert_allclose(scaled.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=(0, 2, 3)), 1, rtol=1e-4)
    assert scaled.dtype == np.float32


def test_statistics_of_integers_and_channels_last():
    x = np.random.RandomState(0).randint(0, 256, (4, 5, 6, 3), dtype="uint8")
    generator = ImageDataGenerator(featurewise_center=True, dim_ordering="tf")
    generator.fit(x)
    assert generator.mean.shape == (1, 1, 3)
    np.testing.assert_allclose(generator.standardize(x[0]), x[0] - x.mean(axis=(0, 1, 2)), atol=1e-4)


def test_samplewise_works_across_channels():
    generator = ImageDataGenerator(samplewise_center=True, samplewise_std_normalization=True)
    scaled = generator.standardize(images()[0])
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-4)


def test_whitening_makes_pixels_uncorrelated():
    x = np.random.RandomState(0).normal(size=(400, 1, 2, 3)).astype("float32")
    x[:, :, 1] = x[:, :, 0] + 0.1 * x[:, :, 1]
    x -= x.mean(axis=0)
    generator = ImageDataGenerator(zca_whitening=True)
    generator.fit(x)
    white = np.stack([generator.standardize(image) for image in x]).reshape(400, -1)
    np.testing.assert_allclose(white.T @ white / 400, np.eye(6), atol=1e-3)


def test_function_then_rescale():
    generator = ImageDataGenerator(preprocessing_function=lambda x: x + 5, rescale=0.5)
    x = np.ones((1, 2, 2), "float32")
    np.testing.assert_array_equal(generator.standardize(x), np.full((1, 2, 2), 3.0))

    def in_place(x):
        x *= 0
        return x

    assert ImageDataGenerator(preprocessing_function=in_place).standardize(x).sum() == 0
    assert x.sum() == 4
    assert ImageDataGenerator(rescale=1 / 255).standardize(np.full((1, 1, 1), 255, "uint8")) == 1


@pytest.mark.parametrize("option", ["featurewise_center", "featurewise_std_normalization", "zca_whitening"])
def test_a_scale_without_fit_warns(option):
    x = images(1)[0]
    with pytest.warns(UserWarning, match=rf"`{option}`, but it hasn't been fit"):
        scaled = ImageDataGenerator(**{option: True}).standardize(x)
    np.testing.assert_array_equal(scaled, x)


def test_fit_on_changed_images():
    x = images(2, (1, 9, 9))
    generator = ImageDataGenerator(featurewise_center=True, width_shift_range=0.5, fill_mode="constant")
    means = []
    for seed in (1, 1, 2):
        generator.fit(x, augment=True, rounds=3, seed=seed)
        means.append(generator.mean.item())
    assert means[0] == means[1] != means[2]
    state = np.random.get_state()[1].copy()
    generator.fit(x, augment=True, seed=3)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


# ---- batches from arrays


def test_batches_in_order():
    x, y = images(5), np.arange(5)
    flow = ImageDataGenerator().flow(x, y, batch_size=2, shuffle=False)
    seen = [next(flow) for _ in range(4)]
    assert [labels.tolist() for _, labels in seen] == [[0, 1], [2, 3], [4], [0, 1]]
    np.testing.assert_array_equal(seen[2][0], x[4:])
    assert iter(flow) is flow and isinstance(flow, NumpyArrayIterator)
    assert (flow.total_batches_seen, flow.batch_index) == (4, 1)
    flow.reset()
    assert next(flow)[1].tolist() == [0, 1]


def test_batch_larger_than_the_data():
    flow = ImageDataGenerator().flow(images(3), batch_size=100)
    assert [next(flow).shape for _ in range(3)] == [(3, 3, 6, 5)] * 3


@pytest.mark.parametrize("n", [7, 8])
def test_every_epoch_has_every_sample_in_a_new_order(n):
    flow = ImageDataGenerator().flow(images(n), np.arange(n), batch_size=4, seed=0)
    epochs = [[*next(flow)[1], *next(flow)[1]] for _ in range(3)]
    assert all(sorted(epoch) == list(range(n)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_without_labels_batches_are_arrays():
    assert isinstance(ImageDataGenerator().flow(images()).next(), np.ndarray)


def augmenting(**options):
    return ImageDataGenerator(
        rotation_range=30, width_shift_range=0.2, zoom_range=0.2, channel_shift_range=9, horizontal_flip=True, **options
    )


def test_a_seed_gives_the_same_batches_and_leaves_numpy_alone():
    x = images()
    state = np.random.get_state()[1].copy()
    flows = [augmenting().flow(x, np.arange(8), batch_size=3, seed=seed) for seed in (5, 5, 6)]
    one, same, other = ([next(flow) for _ in range(4)] for flow in flows)
    for (a, i), (b, j) in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(i, j)
    assert any(not np.array_equal(a, b) for (a, _), (b, _) in zip(one, other, strict=True))
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_a_seed_gives_the_batches_of_keras_1():
    x = images()
    flow = augmenting().flow(x, np.arange(8), batch_size=5, seed=11)
    batches = [next(flow), next(flow)]
    np.random.seed(11)
    order = np.random.permutation(8)
    first = [augmenting().random_transform(x[i]) for i in order[:5]]
    np.random.seed(11 + 1)
    second = [augmenting().random_transform(x[i]) for i in order[5:]]
    for (batch, labels), expected, indices in zip(batches, (first, second), (order[:5], order[5:]), strict=True):
        np.testing.assert_array_equal(labels, indices)
        np.testing.assert_array_equal(batch, np.stack(expected))


def test_numpys_seed_makes_a_flow_reproducible_whatever_is_drawn_meanwhile():
    batches = []
    for draws in (0, 3):
        np.random.seed(1)
        flow = augmenting().flow(images(), batch_size=3)
        np.random.random(draws)
        batches.append(next(flow))
    np.testing.assert_array_equal(*batches)


def test_many_threads_share_a_flow_without_gaps_or_doubles():
    n, epochs = 50, 4
    x = images(n)
    one = augmenting().flow(x, np.arange(n), batch_size=7, seed=2)
    many = augmenting().flow(x, np.arange(n), batch_size=7, seed=2)
    alone = sorted((labels.tolist(), batch) for batch, labels in (next(one) for _ in range(8 * epochs)))
    barrier = threading.Barrier(8)

    def work(_):
        barrier.wait()
        return [next(many) for _ in range(epochs)]

    with ThreadPoolExecutor(8) as pool:
        shared = [batch for part in pool.map(work, range(8)) for batch in part]
    for (labels, batch), (other, found) in zip(
        alone, sorted((labels.tolist(), batch) for batch, labels in shared), strict=True
    ):
        assert labels == other
        np.testing.assert_array_equal(batch, found)


def test_batches_can_be_settled_first_and_made_later():
    x = images()
    plain, deferred = (augmenting().flow(x, np.arange(8), batch_size=3, seed=1) for _ in range(2))
    promises = [deferred.deferred() for _ in range(5)]
    made = [promise() for promise in reversed(promises)][::-1]
    for (batch, labels), (expected, others) in zip(made, plain, strict=False):
        np.testing.assert_array_equal(batch, expected)
        np.testing.assert_array_equal(labels, others)


def test_batches_of_a_scripts_own_are_never_passed_over():
    class Doubled(NumpyArrayIterator):
        def next(self):
            return super().next() * 2

    x = images(2)
    np.testing.assert_array_equal(Doubled(x, None, ImageDataGenerator()).deferred()(), 2 * x)


def test_eight_workers_train_a_model():
    model = Sequential([Flatten(input_shape=(3, 6, 5)), Dense(1)])
    model.compile("sgd", "mse")
    seen = []

    def look(x):
        seen.append(float(x[0, 0, 0]))
        return x / 255

    x = np.arange(24, dtype="float32")[:, None, None, None] * np.ones((1, 3, 6, 5), "float32")
    flow = ImageDataGenerator(preprocessing_function=look).flow(x, np.zeros(24), batch_size=5)
    model.fit_generator(flow, samples_per_epoch=24, nb_epoch=2, nb_worker=8, verbose=0)
    counts = np.bincount(np.array(seen, int), minlength=24)
    assert counts.min() >= 2 and counts.max() - counts.min() <= 1  # some batches are made ahead


def test_an_error_in_one_batch_does_not_stop_the_next():
    def fails_on_zero(x):
        if x[0, 0, 0] == 0:
            raise RuntimeError("no")
        return x

    x = np.stack([np.full((1, 1, 1), float(i)) for i in range(4)])
    flow = ImageDataGenerator(preprocessing_function=fails_on_zero).flow(x, batch_size=2, shuffle=False)
    with pytest.raises(RuntimeError, match="no"):
        next(flow)
    assert next(flow).ravel().tolist() == [2, 3]


def test_written_images(tmp_path):
    folder = tmp_path / "made" / "here"
    flow = ImageDataGenerator().flow(images(3), batch_size=2, save_to_dir=folder, save_prefix="a", save_format="png")
    next(flow), next(flow)
    names = sorted(path.name for path in folder.iterdir())
    assert [name.split("_")[:2] for name in names] == [["a", "0"], ["a", "1"], ["a", "2"]]
    assert load_img(folder / names[0]).size == (5, 6)


def test_iterators_that_scripts_write():
    class Numbers(Iterator):
        def next(self):
            with self.lock:
                index_array, current_index, current_batch_size = next(self.index_generator)
            assert current_batch_size == len(index_array)
            return current_index, index_array.tolist(), np.random.random()

    first, second = Numbers(5, 3, False, 4), Numbers(5, 3, False, 4)
    assert [next(first)[:2] for _ in range(3)] == [(0, [0, 1, 2]), (3, [3, 4]), (0, [0, 1, 2])]
    assert next(first)[2] != next(second)[2]
    np.random.seed(4)
    assert next(Numbers(5, 3, False, 4))[2] == np.random.RandomState(4).random_sample()


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (np.zeros((4, 3, 3)), None, {}, r"rank 4, \(samples, channels, height, width\); got .*\(4, 3, 3\)"),
        (np.zeros((4, 8, 8, 3)), None, {}, r"1, 3 or 4 channels on axis 1.*with 8.*dim_ordering='tf'"),
        (images(), np.arange(7), {}, r"should have the same length; X has shape \(8, 3, 6, 5\), y has shape \(7,\)"),
        (images(), 3, {}, "should have the same length"),
        (images(), None, {"batch_size": 0}, "batch_size is 1 or more; got 0"),
        (np.zeros((0, 1, 2, 2)), None, {}, "There are no images"),
    ],
)
def test_bad_arrays(x, y, options, message):
    with pytest.raises(ValueError, match=message):
        ImageDataGenerator().flow(x, y, **options)
    if x.ndim == 3:
        with pytest.raises(ValueError, match="fit: expected images as an array of rank 4"):
            ImageDataGenerator().fit(x)


# ---- batches from folders


@pytest.fixture
def folder(tmp_path):
    """cat: 2 images, dog: 3 (one in an inner folder); a text file in between. All pixels of image i are 10 i."""
    root = tmp_path / "data"
    for i, name in enumerate(["cat/1.png", "cat/2.PNG", "dog/b.png", "dog/inner/c.bmp", "dog/a.png"]):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 6, 3), 10 * i, "uint8")).save(path)
    (root / "dog" / "notes.txt").write_text("no image")
    (root / "loose.png").write_bytes(b"")
    return root


def test_a_folder_for_each_class(folder):
    flow = ImageDataGenerator().flow_from_directory(str(folder), target_size=(2, 3), batch_size=5, shuffle=False)
    assert isinstance(flow, DirectoryIterator)
    assert flow.filenames == ["cat/1.png", "cat/2.PNG", "dog/a.png", "dog/b.png", "dog/inner/c.bmp"]
    assert (flow.nb_sample, flow.nb_class, flow.class_indices) == (5, 2, {"cat": 0, "dog": 1})
    assert flow.image_shape == (3, 2, 3)
    x, y = next(flow)
    assert x.shape == (5, 3, 2, 3) and x.dtype == y.dtype == np.float32
    assert x[:, 0, 0, 0].tolist() == [0, 10, 40, 20, 30]
    assert y.tolist() == [[1, 0]] * 2 + [[0, 1]] * 3


@pytest.mark.parametrize(("mode", "dtype"), [("binary", "float32"), ("sparse", "int32")])
def test_labels(folder, mode, dtype):
    flow = ImageDataGenerator().flow_from_directory(folder, class_mode=mode, classes=["dog", "cat"], shuffle=False)
    _, y = next(flow)
    assert y.tolist() == [0, 0, 0, 1, 1] and y.dtype == dtype


def test_grey_images_without_labels_channels_last(folder):
    generator = ImageDataGenerator(dim_ordering="tf", rescale=1 / 10)
    flow = generator.flow_from_directory(
        folder, target_size=(3, 2), color_mode="grayscale", class_mode=None, classes=["cat"], shuffle=False
    )
    x = next(flow)
    assert x.shape == (2, 3, 2, 1)
    np.testing.assert_allclose(x[:, 0, 0, 0], [0, 1])


def test_links_are_followed_on_demand_and_never_in_circles(folder):
    outside = folder.parent / "outside"
    outside.mkdir()
    Image.new("RGB", (2, 2)).save(outside / "z.png")
    (folder / "cat" / "link").symlink_to(outside)
    (folder / "cat" / "circle").symlink_to(folder / "cat")
    count = lambda **options: ImageDataGenerator().flow_from_directory(folder, **options).nb_sample  # noqa: E731
    assert count() == 5
    assert count(follow_links=True) == 6


def test_shuffled_files_keep_their_labels(folder):
    flow = ImageDataGenerator().flow_from_directory(
        folder, target_size=(1, 1), class_mode="sparse", batch_size=2, seed=3
    )
    pairs = [(int(v), int(label)) for _ in range(3) for x, y in [next(flow)] for v, label in zip(x.max((1, 2, 3)), y)]  # noqa: B905
    assert sorted(pairs) == [(0, 0), (10, 0), (20, 1), (30, 1), (40, 1)]


def test_folders_that_do_not_fit(folder, tmp_path):
    empty = tmp_path / "empty"
    (empty / "a").mkdir(parents=True)
    loose = tmp_path / "loose"
    loose.mkdir()
    Image.new("RGB", (2, 2)).save(loose / "a.png")
    for arguments, message in (
        ({"directory": tmp_path / "none"}, "there is no folder .*none"),
        ({"directory": loose}, "one folder for each class; .*loose holds no folders.*class_mode=None"),
        ({"directory": empty}, r"The folders \['a'\] in .*empty hold no images"),
        ({"directory": folder, "classes": ["cat", "cow"]}, r"no folder for class 'cow'; it has \['cat', 'dog'\]"),
        ({"directory": folder, "class_mode": "one-hot"}, "class_mode is .*got 'one-hot'"),
        ({"directory": folder, "color_mode": "rgba"}, "color_mode is 'rgb' or 'grayscale'; got 'rgba'"),
        ({"directory": folder, "target_size": (1, 2, 3)}, r"target_size is \(height, width\)"),
    ):
        with pytest.raises(ValueError, match=message):
            ImageDataGenerator().flow_from_directory(**arguments)
    (folder / "emu").mkdir()
    with pytest.warns(UserWarning, match="class_mode='binary' is for two classes; .* has 3"):
        ImageDataGenerator().flow_from_directory(folder, class_mode="binary")


def test_a_truncated_file_is_named(folder):
    whole = (folder / "cat" / "1.png").read_bytes()
    (folder / "cat" / "1.png").write_bytes(whole[:40])
    flow = ImageDataGenerator().flow_from_directory(folder, batch_size=1, shuffle=False)
    with pytest.raises(OSError, match=r"1\.png cannot be read as an image"):
        next(flow)
    assert next(flow)[0].shape == (1, 3, 256, 256)
