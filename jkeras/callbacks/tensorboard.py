"""Event files for TensorBoard, by TensorBoard's own writer (extra ``tensorboard``)."""

import io
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from jkeras.callbacks.base import Callback, Logs
from jkeras.distribute import hosts
from jkeras.errors import MissingExtraError

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Writes logs for TensorBoard (Keras 1): ``tensorboard --logdir logs`` shows them.

    Args:
        log_dir: folder of the event files.
        histogram_freq: write histograms of all weights, and of the layers' outputs on the validation data, every so many
            epochs; 0 for never. As in Keras 1 there are none where training has no validation data in arrays; a warning
            says so.
        write_graph: write the graph of the layers.
        write_images: write weights as pictures, when histograms are written (extra ``image``).

    Raises:
        MissingExtraError: tensorboard is not installed.
    """

    _next_step = 0

    def get_memory(self) -> dict[str, Any]:
        return {"next_step": self._next_step}

    def set_memory(self, memory: Mapping[str, Any]) -> None:
        from tensorboard.compat.proto.event_pb2 import SessionLog  # type: ignore  # made when the module runs

        # TensorBoard then leaves out what the run before wrote of epochs that are trained again.
        self._add(memory["next_step"], session_log=SessionLog(status=SessionLog.START))

    def __init__(
        self, log_dir: str = "./logs", histogram_freq: int = 0, write_graph: bool = True, write_images: bool = False
    ):
        super().__init__()
        try:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError as error:
            raise MissingExtraError("tensorboard", "tensorboard", "The TensorBoard callback") from error
        self._open = EventFileWriter
        self._writer: Any = None
        self._outputs: Any = None
        self.log_dir = log_dir
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.histogram_freq and not self.validation_data and hosts.is_first():
            warnings.warn(
                f"TensorBoard(histogram_freq={self.histogram_freq}): training has no validation data in arrays, on which the "
                "layers' outputs are computed, so no histograms"
                + (" and no pictures of weights" if self.write_images else "")
                + " are written, as in Keras 1; everything else is. Give fit() validation_data=(x, y) or validation_split, "
                "fit_generator() validation_data=(x, y) in place of a generator; or set histogram_freq=0.",
                stacklevel=2,
            )
        # Of several processes that train together the first one writes; all of them compute what is written.
        self._writer = self._open(self.log_dir) if hosts.is_first() else None
        self._outputs = None
        if self.write_graph:
            self._add(0, graph_def=_graph(self.model).SerializeToString())

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        summary = _summaries().Summary
        values = [
            summary.Value(tag=name, simple_value=float(value))
            for name, value in (logs or {}).items()
            if name not in ("batch", "size") and np.ndim(value) == 0
        ]
        if self.histogram_freq and self.validation_data and epoch % self.histogram_freq == 0:
            for name, array in self._arrays():
                values.append(summary.Value(tag=name, histo=_histogram(array)))
            if self.write_images:
                values += [summary.Value(tag=name, image=_picture(array)) for name, array in self._weights()]
        self._add(epoch, summary=summary(value=values))
        self._next_step = epoch + 1
        if self._writer is not None:
            self._writer.flush()

    def on_train_end(self, _: Any = None) -> None:  # type: ignore[override]  # the name in Keras 1
        if self._writer is not None:
            self._writer.close()

    def _add(self, step: int, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event  # type: ignore  # made when the module runs

        if self._writer is not None:
            self._writer.add_event(Event(wall_time=time.time(), step=step, **content))

    def _weights(self) -> Iterator[tuple[str, np.ndarray]]:
        for layer in self.model.layers:
            for weight in layer.weights:
                yield weight.name, weight.get_value()

    def _arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield the weights, and the outputs of all layers on (at most 1000 samples of) the validation data."""
        from jkeras.engine.model import Model

        yield from self._weights()
        layers = [layer for layer in self.model.layers if not layer.is_input]
        if self._outputs is None:
            tensors = [tensor for layer in layers for tensor in layer.inbound_nodes[-1].output_tensors[:1]]
            self._outputs = Model(self.model.inputs, tensors)
        inputs = [np.asarray(array)[:1000] for array in self.validation_data[: len(self.model.inputs)]]
        outputs = self._outputs.predict(inputs if len(inputs) > 1 else inputs[0])
        for layer, output in zip(layers, outputs if len(layers) > 1 else [outputs], strict=True):
            yield f"{layer.name}_out", output


def _summaries() -> Any:
    from tensorboard.compat.proto import summary_pb2

    return summary_pb2


def _histogram(array: np.ndarray) -> Any:
    values = np.asarray(array, np.float64).ravel()
    values = values[np.isfinite(values)]
    if not values.size:
        return _summaries().HistogramProto()
    counts, edges = np.histogram(values, bins=30)
    return _summaries().HistogramProto(
        min=values.min(), max=values.max(), num=values.size, sum=values.sum(), sum_squares=np.square(values).sum(),
        bucket_limit=edges[1:].tolist(), bucket=counts.tolist(),
    )  # fmt: skip


def _picture(array: np.ndarray) -> Any:
    """Return a weight as a grey picture: a matrix as it is, more axes laid out as one."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("pillow", "image", "TensorBoard(write_images=True)") from error
    matrix = np.atleast_2d(np.reshape(array, (-1, array.shape[-1])) if array.ndim > 1 else array).astype(np.float64)
    span = matrix.max() - matrix.min()
    pixels: np.ndarray = (255 * (matrix - matrix.min()) / (span or 1.0)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels, mode="L").save(buffer, format="PNG")
    height, width = pixels.shape
    return _summaries().Summary.Image(height=height, width=width, colorspace=1, encoded_image_string=buffer.getvalue())


def _graph(model: Any) -> Any:
    """Return the layers and their connections as TensorBoard's graph."""
    from tensorboard.compat.proto.graph_pb2 import GraphDef  # type: ignore  # made when the module runs

    graph = GraphDef()
    for node in model.graph.nodes:
        layer = node.outbound_layer
        entry = graph.node.add(name=_name(node), op=type(layer).__name__)
        before = [] if layer.is_input else node.input_tensors
        entry.input.extend(dict.fromkeys(_name(model.graph.maker(tensor)) for tensor in before))
    return graph


def _name(node: Any) -> str:
    layer = node.outbound_layer
    # A model whose own graph goes on, as a Sequential's that begins with it, has no call of its own there.
    index = layer.inbound_nodes.index(node) if node in layer.inbound_nodes else 0
    return layer.name if index == 0 else f"{layer.name}_{index}"
