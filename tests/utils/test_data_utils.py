"""get_file against a server that the test starts: caching, sums, broken connections, archives, no network."""

import hashlib
import http.server
import io
import tarfile
import threading

import pytest

from jkeras.utils.data_utils import get_file, validate_file

CONTENT = bytes(range(256)) * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = []
        self.breaks_after = None  # bytes of the next answer
        self.content = CONTENT


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        start = 0
        self.server.requests.append(self.headers.get("Range"))
        if self.headers.get("Range"):
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if self.path != "/data":
            self.send_error(404)
            return
        if start >= len(self.server.content):
            self.send_error(416)
            return
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.breaks_after is not None:
            body, self.server.breaks_after = body[: self.server.breaks_after], None
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}/data"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_file_is_downloaded_once(server, home):
    path = get_file("data.bin", server.url)
    assert path == str(home / ".keras" / "datasets" / "data.bin")
    assert (home / ".keras" / "datasets" / "data.bin").read_bytes() == CONTENT
    assert get_file("data.bin", server.url) == path
    assert len(server.requests) == 1
    assert get_file("data.bin", server.url, cache_subdir="models") != path


def test_sums(server, home):
    path = get_file("data.bin", server.url, md5_hash=MD5)
    assert validate_file(path, MD5)
    assert validate_file(path, hashlib.sha256(CONTENT).hexdigest())
    (home / ".keras" / "datasets" / "data.bin").write_bytes(b"damaged")
    get_file("data.bin", server.url, md5_hash=MD5)
    assert validate_file(path, MD5)
    with pytest.raises(ValueError, match="does not have the sum"):
        get_file("other.bin", server.url, md5_hash="0" * 32)
    assert sorted(entry.name for entry in (home / ".keras" / "datasets").iterdir()) == ["data.bin"]


def test_a_broken_download_goes_on_where_it_stopped(server, home):
    server.breaks_after = 100_000
    with pytest.raises(OSError, match=r"Could not download .* put it at"):
        get_file("data.bin", server.url, md5_hash=MD5)
    assert not (home / ".keras" / "datasets" / "data.bin").exists()
    path = get_file("data.bin", server.url, md5_hash=MD5)
    assert validate_file(path, MD5)
    assert server.requests == [None, "bytes=100000-"]


def test_without_a_sum_a_broken_download_begins_anew(server):
    server.breaks_after = 100_000
    with pytest.raises(OSError, match="broke off after 100000 of 256000 bytes"):
        get_file("data.bin", server.url)
    server.content = CONTENT[::-1]  # another file in the meantime
    path = get_file("data.bin", server.url)
    assert validate_file(path, hashlib.md5(CONTENT[::-1]).hexdigest())
    assert server.requests == [None, None]


def test_a_rest_that_is_too_long_is_thrown_away(server, home):
    folder = home / ".keras" / "datasets"
    folder.mkdir(parents=True)
    (folder / "data.bin.part").write_bytes(CONTENT + b"more")
    assert validate_file(get_file("data.bin", server.url, md5_hash=MD5), MD5)


def test_no_network_says_where_to_put_the_file(home):
    with pytest.raises(OSError, match=rf"Could not download http.* put it at {home}/.keras/datasets/data.bin"):
        get_file("data.bin", "http://127.0.0.1:9/data")
    with pytest.raises(OSError, match="Could not download"):
        get_file("data.bin", "http://127.0.0.1:9/data", md5_hash=MD5)


def test_not_found(server):
    with pytest.raises(OSError, match="Not Found"):
        get_file("data.bin", server.url + "x")


def test_other_schemes_are_refused():
    with pytest.raises(ValueError, match="http, https or ftp"):
        get_file("passwd", "file:///etc/passwd")


def archive(*names):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 3
            tar.addfile(info, io.BytesIO(b"abc"))
    return buffer.getvalue()


def test_archives_are_unpacked(server, home):
    server.content = archive("set/one.txt", "set/two.txt")
    path = get_file("set", server.url, untar=True)
    assert path == str(home / ".keras" / "datasets" / "set")
    assert (home / ".keras" / "datasets" / "set" / "two.txt").read_text() == "abc"
    assert get_file("set", server.url, untar=True) == path
    assert len(server.requests) == 1


def test_archives_cannot_write_elsewhere(server, home):
    server.content = archive("../evil.txt")
    with pytest.raises(ValueError, match="cannot be unpacked"):
        get_file("set", server.url, untar=True)
    assert not (home / ".keras" / "evil.txt").exists()
