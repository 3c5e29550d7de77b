"""Results of every epoch, for others to read: a CSV file, a server."""

import csv
import io
import json
import os
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from jkeras.callbacks.base import Callback, Logs

__all__ = ["CSVLogger", "RemoteMonitor"]


class CSVLogger(Callback):
    """Writes a line for every epoch to a CSV file (Keras 1).

    A line reaches the disk as a whole before the next epoch begins. If the process died while it wrote one, the next run
    with ``append=True`` takes the half line away.

    Args:
        filename: of the file.
        separator: between the values.
        append: go on with a file that is there, in place of beginning anew.

    The columns are ``epoch`` and the names in the logs of the first epoch, in alphabetical order; where a file is continued
    they are the file's.
    """

    only_first = True

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False):
        super().__init__()
        self.filename = filename
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        goes_on = (self.append or self.resumes) and os.path.exists(self.filename)
        self.keys = self._whole_lines() if goes_on else None
        if not goes_on:
            open(self.filename, "w").close()

    def get_memory(self) -> dict[str, Any]:
        return {"keys": self.keys, "end": os.path.getsize(self.filename)}

    def set_memory(self, memory: Mapping[str, Any]) -> None:
        # Lines of epochs that are trained again are taken away; a file that somebody shortened is continued as it is.
        if os.path.getsize(self.filename) >= memory["end"]:
            os.truncate(self.filename, memory["end"])
            self.keys = memory["keys"]

    def _whole_lines(self) -> list[str] | None:
        """Cut the file after its last whole line, and return the names of its columns."""
        with open(self.filename, "rb+") as file:
            content = file.read()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                file.truncate(whole)
        header = content[:whole].decode("utf-8").splitlines()[:1]
        return next(csv.reader(header, delimiter=self.sep))[1:] if header else None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            self._write(["epoch", *self.keys])
        self._write([epoch, *(_cell(logs[key]) if key in logs else "" for key in self.keys)])

    def _write(self, row: list[Any]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.sep).writerow(row)
        with open(self.filename, "a", newline="", encoding="utf-8") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())


def _cell(value: Any) -> Any:
    if isinstance(value, Iterable) and not isinstance(value, str) and np.asarray(value).ndim > 0:
        return f"[{', '.join(map(str, value))}]"
    return value


class RemoteMonitor(Callback):
    """Sends the results of every epoch to a server, as JSON in a form's field (Keras 1).

    A server that cannot be reached costs a warning and no training.

    Args:
        root: of the server's address.
        path: where to, by HTTP POST.
        field: of the form that holds the JSON: ``{"epoch": 0, "loss": 0.1, …}``.
        headers: further HTTP headers.
    """

    only_first = True

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
    ):
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = dict(headers or {"Accept": "application/json", "Content-Type": "application/json"})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        import urllib.parse
        import urllib.request  # slow to import, and rarely used

        sent = {"epoch": epoch, **{name: _number(value) for name, value in (logs or {}).items()}}
        body = urllib.parse.urlencode({self.field: json.dumps(sent)}).encode()
        headers = {**self.headers, "Content-Type": "application/x-www-form-urlencoded"}
        request = urllib.request.Request(self.root + self.path, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10):
                pass
        except OSError as error:
            warnings.warn(f"Could not reach RemoteMonitor root server at {self.root}: {error}", stacklevel=2)


def _number(value: Any) -> Any:
    return np.asarray(value).tolist() if isinstance(value, np.ndarray | np.generic) else value
