"""Files from the network, kept in a cache (Keras 1's ``keras.utils.data_utils``)."""

import contextlib
import hashlib
import http.client
import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from typing import BinaryIO

from jkeras.utils.progbar import Progbar, echo

__all__ = ["Progbar", "get_file", "validate_file"]

_BLOCK = 1 << 16
_TIMEOUT = 60.0  # seconds without a byte


def get_file(
    fname: str, origin: str, untar: bool = False, md5_hash: str | None = None, cache_subdir: str = "datasets"
) -> str:
    """Return the path of a file in the cache, where it is downloaded from `origin` at the first call.

    A download that breaks off goes on where it stopped at the next call, if there is a sum to check the whole by. The file
    gets its name when it is complete and right, so that an interrupted download never looks like a file.

    Args:
        fname: name in the cache.
        origin: URL.
        untar: `origin` is a tar archive: return the path of what it holds, unpacked beside it. `fname` is without ``.tar.gz``.
        md5_hash: MD5 or SHA-256 sum of the file, in hexadecimal; a file in the cache that differs is downloaded again.
        cache_subdir: folder inside ``~/.keras``.

    Raises:
        OSError: the file cannot be downloaded; the message says where to put it.
        ValueError: what was downloaded has another sum.
    """
    folder = os.path.join(_cache(), cache_subdir)
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, fname)
    archive = f"{target}.tar.gz" if untar else target
    if not os.path.exists(archive) or (md5_hash is not None and not validate_file(archive, md5_hash)):
        _download(origin, archive, md5_hash)
    if untar and not os.path.exists(target):
        _unpack(archive, folder)
    return target


def validate_file(fpath: str, md5_hash: str) -> bool:
    """Return whether a file has this MD5 sum (or SHA-256 sum, if there are 64 digits)."""
    digest = hashlib.sha256() if len(md5_hash) == 64 else hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest() == md5_hash.lower()


def _cache() -> str:
    """Return ``~/.keras``, or a folder for temporary files where the home cannot be written."""
    home = os.path.expanduser(os.path.join("~", ".keras"))
    with contextlib.suppress(OSError):
        os.makedirs(home, exist_ok=True)
    return home if os.access(home, os.W_OK) else os.path.join(tempfile.gettempdir(), ".keras")


def _download(origin: str, path: str, expected: str | None) -> None:
    if not origin.startswith(("http://", "https://", "ftp://")):
        raise ValueError(f"get_file downloads from http, https or ftp; got the origin {origin!r}.")
    part = f"{path}.part"
    if expected is None and os.path.exists(part):
        os.remove(part)  # nothing would tell a file that changed in between
    try:
        _fetch(origin, part)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise OSError(
            f"Could not download {origin}: {reason}. To do without the network, get the file elsewhere and put it at {path}."
        ) from error
    if expected is not None and not validate_file(part, expected):
        os.remove(part)
        raise ValueError(
            f"What was downloaded from {origin} does not have the sum {expected}: it is damaged, or another file. Nothing was kept."
        )
    os.replace(part, path)


def _fetch(origin: str, part: str) -> None:
    """Download into `part`, behind what is there already."""
    have = os.path.getsize(part) if os.path.exists(part) else 0
    request = urllib.request.Request(origin, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if have and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            os.remove(part)
            return _fetch(origin, part)
        raise
    with response:
        if have and response.status != http.client.PARTIAL_CONTENT:
            have = 0  # the server sends all of it
        length = response.headers.get("Content-Length")
        total = None if length is None else have + int(length)
        with open(part, "ab" if have else "wb") as file:
            got = _copy(response, file, have, total, f"Downloading data from {origin}")
            file.flush()
            os.fsync(file.fileno())
    if total is not None and got < total:
        raise OSError(f"the connection broke off after {got} of {total} bytes")
    return None


def _copy(response: http.client.HTTPResponse, file: BinaryIO, have: int, total: int | None, title: str) -> int:
    echo(f"{title}\n")
    bar = Progbar(total)
    while block := response.read(_BLOCK):
        file.write(block)
        have += len(block)
        bar.update(have)
    if total is None:
        bar.finish()
    return have


def _unpack(archive: str, folder: str) -> None:
    """Unpack into a new folder first, so that half an archive never looks like a whole one."""
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(fresh, filter="data")
        except tarfile.TarError as error:
            raise ValueError(f"{archive} cannot be unpacked: {error}. Delete it to download it again.") from error
        for name in os.listdir(fresh):
            shutil.move(os.path.join(fresh, name), os.path.join(folder, name))
