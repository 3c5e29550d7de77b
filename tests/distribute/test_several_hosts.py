"""Processes that run one script together, on the loopback interface, get the numbers of one process; and what if one dies."""

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("several_hosts.py")


@pytest.fixture
def start(tmp_path):
    """Starts the script in several processes, or, for 0, by itself; what they print goes to files."""
    with ExitStack() as ending:

        def start(hosts, name, *parts):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                address = f"127.0.0.1:{free.getsockname()[1]}"
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
            # Who starts again does not compile again.
            environment["JAX_COMPILATION_CACHE_DIR"] = str(tmp_path / "programs")
            environment["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
            folder = tmp_path / name
            folder.mkdir(exist_ok=True)
            started = []
            for host in range(max(hosts, 1)):
                together = ["--hosts", str(hosts), "--host-id", str(host), "--coordinator", address] if hosts else []
                command = [sys.executable, "-m", "jkeras", "run", "--no-cache", *together, str(SCRIPT), *parts]
                output = ending.enter_context(open(folder / f"output-{host}", "w"))
                process = subprocess.Popen(
                    command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
                )
                ending.callback(process.wait)
                ending.callback(process.kill)
                started.append(process)
            return folder, started

        yield start


def finished(started):
    folder, processes = started
    for host, process in enumerate(processes):
        code = process.wait(timeout=300)
        output = (folder / f"output-{host}").read_text()
        assert code == 0, output[-5000:]
        assert output.splitlines()[-1].startswith("done")
    return [dict(np.load(folder / f"numbers-{host}.npz")) for host in range(len(processes))]


def assert_same(several, expected, renamed=("", "")):
    for host, found in enumerate(several):
        assert set(found) == {name.replace(*renamed) for name in expected}
        for name, number in expected.items():
            name = name.replace(*renamed)
            np.testing.assert_allclose(found[name], number, rtol=0, atol=1e-5, err_msg=f"{name} in process {host}")


def test_two_processes(start, tmp_path):
    parts = ["calls", "networks", "files", "split", "agreed", "bad_input"]
    alone = start(0, "alone", *parts)
    assert_same(finished(start(2, "two", *parts)), finished(alone)[0])
    written = [path.name for path in (tmp_path / "two").iterdir() if path.suffix in (".h5", ".csv")]
    assert sorted(written) == ["log.csv", *(f"weights-{epoch}.h5" for epoch in range(4))]
    assert (tmp_path / "two" / "log.csv").read_text().count("\n") == 1 + 4  # by one process


def test_four_processes(start):
    alone = start(0, "alone", "few")
    assert_same(finished(start(4, "four", "few")), finished(alone)[0])


@pytest.mark.parametrize("dies", [pytest.param(0, marks=pytest.mark.long), 1])
def test_a_process_that_is_killed_ends_the_other_and_both_go_on(start, dies):
    [expected] = finished(start(0, "alone", "few"))
    folder, processes = start(2, f"killed_{dies}", f"killed_{dies}")
    processes[dies].wait(timeout=300)
    assert processes[1 - dies].wait(timeout=300) != 0
    for host in (0, 1):
        output = wait_for(
            folder / f"output-{host}", "Start all of them again; with the callback Resume(path) they go on"
        )
        assert f"jkeras run: host {host} of 2 has ended" in output
    assert_same(finished(start(2, f"killed_{dies}", "resumed")), expected, ("few", "resumed"))
    assert "Resume: goes on after epoch 2/4" in (folder / "output-0").read_text()


def wait_for(path, text):
    """Return what a file has when it has a text: the process that says it outlives the one that died for a moment."""
    for _ in range(100):
        if text in path.read_text():
            break
        time.sleep(0.05)
    return path.read_text()
