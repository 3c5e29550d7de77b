"""Callbacks that come with a later version: they write files or send logs."""

from typing import Any

from jkeras.callbacks.base import Callback
from jkeras.compat.later import later

__all__ = ["CSVLogger", "ModelCheckpoint", "RemoteMonitor", "TensorBoard"]


@later("saving of models during training")
class ModelCheckpoint(Callback):
    """Save the model after epochs."""

    def __init__(
        self,
        filepath: str,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        period: int = 1,
    ) -> None: ...

    def on_epoch_end(self, epoch: Any, logs: Any = None) -> Any: ...


@later("logging to CSV files")
class CSVLogger(Callback):
    """Write the results of every epoch to a CSV file."""

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None: ...

    def on_epoch_end(self, epoch: Any, logs: Any = None) -> Any: ...

    def on_train_begin(self, logs: Any = None) -> Any: ...

    def on_train_end(self, logs: Any = None) -> Any: ...


@later("logging to a server")
class RemoteMonitor(Callback):
    """Send the results of every epoch to a server."""

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Any = None,
    ) -> None: ...

    def on_epoch_end(self, epoch: Any, logs: Any = None) -> Any: ...


@later("logging for TensorBoard")
class TensorBoard(Callback):
    """Write logs for TensorBoard."""

    def __init__(
        self, log_dir: str = "./logs", histogram_freq: int = 0, write_graph: bool = True, write_images: bool = False
    ) -> None: ...

    def on_epoch_end(self, epoch: Any, logs: Any = None) -> Any: ...

    def on_train_end(self, _: Any) -> Any: ...  # pyright: ignore[reportIncompatibleMethodOverride]

    def set_model(self, model: Any) -> Any: ...
