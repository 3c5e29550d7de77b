"""CSVLogger and RemoteMonitor."""

import http.server
import json
import threading
import urllib.parse

import numpy as np
import pytest

from jkeras.callbacks import CSVLogger, RemoteMonitor
from jkeras.layers import Dense
from jkeras.models import Sequential

X, Y = np.ones((8, 2)), np.ones((8, 1))


def fit(callback, **kwargs):
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model.fit(X, Y, verbose=0, callbacks=[callback], **{"nb_epoch": 2, **kwargs})


def test_a_line_for_every_epoch(tmp_path):
    path = tmp_path / "log.csv"
    history = fit(CSVLogger(path)).history
    lines = path.read_text().splitlines()
    assert lines[0] == "epoch,loss,mean_absolute_error"
    assert [float(line.split(",")[1]) for line in lines[1:]] == pytest.approx(history["loss"])
    fit(CSVLogger(path, separator=";"), validation_data=(X, Y))
    assert path.read_text().splitlines()[0] == "epoch;loss;mean_absolute_error;val_loss;val_mean_absolute_error"


def test_appending(tmp_path):
    path = tmp_path / "log.csv"
    fit(CSVLogger(path, append=True))
    path.write_bytes(path.read_bytes() + b"2,0.12")  # the process died here
    fit(CSVLogger(path, append=True), initial_epoch=2, nb_epoch=4)
    lines = path.read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch", "0", "1", "2", "3"]
    assert all(len(line.split(",")) == 3 for line in lines)


def test_lines_are_on_the_disk_while_training_goes_on(tmp_path):
    from jkeras.callbacks import LambdaCallback

    path, seen = tmp_path / "log.csv", []
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    look = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(len(path.read_text().splitlines())))
    model.fit(X, Y, nb_epoch=3, verbose=0, callbacks=[CSVLogger(path), look])
    assert seen == [2, 3, 4]


def test_results_reach_a_server():
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.path, json.loads(urllib.parse.parse_qs(body)["it"][0])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    history = fit(RemoteMonitor(f"http://127.0.0.1:{server.server_port}", field="it")).history
    server.shutdown()
    server.server_close()
    assert [path for path, _ in received] == ["/publish/epoch/end/"] * 2
    assert received[1][1]["epoch"] == 1
    assert received[1][1]["loss"] == pytest.approx(history["loss"][1])


def test_no_server_costs_a_warning():
    with pytest.warns(UserWarning, match="Could not reach RemoteMonitor root server"):
        history = fit(RemoteMonitor("http://127.0.0.1:9"))
    assert len(history.epoch) == 2
