"""Files that are written whole or not at all."""

import os
import platform
import re
import secrets
import stat
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be deleted
    fcntl = None

from jkeras.distribute import hosts

__all__ = ["may_write", "replace_file", "replacing"]

Part = bytes | bytearray | memoryview

_HOST = f"{zlib.crc32(platform.node().encode()):08x}"
_DAY = 86_400


def replace_file(filepath: Any, parts: Iterable[Part]) -> None:
    """Write a file in place of what is there, if anything; see `replacing`.

    Args:
        filepath: where.
        parts: the content, in order.
    """
    with replacing(filepath) as file:
        for part in parts:
            file.write(part)


def replacing(filepath: Any) -> AbstractContextManager[BinaryIO]:
    """Open a new file that takes the place of what is there, if anything, at the end of the ``with`` block.

    The content goes to a temporary file in the same folder, then to the disk, and only then takes the name. Whatever happens
    meanwhile, under that name is the old file or the new one, whole; of two processes that write, the later one wins. Temporary
    files of processes that were killed while they wrote this file are deleted. Of several processes that train together the first
    one writes, and the others wait.

    Args:
        filepath: where. A symbolic link stays one: what it points to is replaced.

    Raises:
        FileNotFoundError: there is no such folder.
        OSError: the disk is full, or may not be written to; or `filepath` is no ordinary file. The old file is untouched.
    """
    return _replacing(filepath) if hosts.count() == 1 else hosts.all_written(filepath, _replacing)


@contextmanager
def _replacing(filepath: Any) -> Iterator[BinaryIO]:
    path = Path(os.path.realpath(filepath))
    mode = _mode(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"Cannot write {os.fspath(filepath)!r}: there is no folder {str(path.parent)!r}.")
    _clean(path)
    temporary = path.with_name(f".{_stem(path)}.{_HOST}-{os.getpid():x}-{secrets.token_hex(6)}.tmp")
    try:
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise _failed(filepath, error) from error
    try:
        with os.fdopen(handle, "w+b") as file:
            _locks(handle)
            yield file
            file.flush()
            if mode is not None:
                temporary.chmod(mode)
            os.fsync(file.fileno())
        # Only now, without the lock: HDF5 does not read a file that is locked.
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _failed(filepath, error) from error
        raise
    _sync_folder(path.parent)


# ---- what killed processes leave behind
#
# The name of a temporary file tells the machine and the process that writes it, and the process has it locked meanwhile. Where it
# is not locked, and this machine has no such process, nobody writes it any more. Either alone would not do: containers that
# share a folder do not see each other's processes, and machines that share one may not see each other's locks.


def _stem(path: Path) -> str:
    """Return the beginning of a file's name, short enough for something behind it: names may have 255 bytes."""
    return path.name.encode("utf-8", "surrogateescape")[:100].decode("utf-8", "ignore")


def _locks(handle: int) -> bool:
    """Lock an open file if nobody else has, and return whether that was possible."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # also where the file system knows no locks
        return False
    return True


def _clean(path: Path) -> None:
    """Delete the temporary files of processes that were killed while they wrote `path`."""
    form = re.compile(rf"\.{re.escape(_stem(path))}\.(?:([0-9a-f]{{8}})-([0-9a-f]+)-)?[0-9a-f]{{12}}\.tmp")
    with suppress(OSError):
        for name in os.listdir(path.parent):
            found = form.fullmatch(name)
            if found:
                _delete_if_dead(path.with_name(name), int(found[2], 16) if found[1] == _HOST else None)


def _delete_if_dead(temporary: Path, process: int | None) -> None:
    """Delete a temporary file of a process of this machine, or, with ``None``, of another one: a day later."""
    with suppress(OSError):
        if time.time() - temporary.lstat().st_mtime < _DAY and (process is None or _lives(process)):
            return
        if fcntl is None:
            temporary.unlink()  # refused while somebody has it open
            return
        handle = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if _locks(handle):
                temporary.unlink()
        finally:
            os.close(handle)


def _lives(process: int) -> bool:
    if os.name == "nt":  # where os.kill would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


def _mode(path: Path) -> int | None:
    """Return the permissions of the file that is there, if one is; the new one has the same."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "no ordinary file"
        raise OSError(f"Cannot write {str(path)!r}: it is {what}.")
    return stat.S_IMODE(found.st_mode)


def _failed(filepath: Any, error: OSError) -> OSError:
    reason = error.strerror or str(error)
    same = type(error) if type(error) in (PermissionError, FileNotFoundError) else OSError
    return same(
        error.errno,
        f"Could not write {os.fspath(filepath)!r}: {reason}. What was there before is still there, as it was",
    )


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk too; systems on which a folder cannot be opened do that themselves."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def may_write(filepath: Any, overwrite: bool) -> bool:
    """Return whether to write a file: one that is there is only replaced if `overwrite`, or whoever is asked, says so.

    Raises:
        FileExistsError: the file is there, `overwrite` is false, and nobody can be asked.
    """
    from jkeras.utils.io_utils import ask_to_proceed_with_overwrite

    if overwrite or not os.path.isfile(filepath):
        return True
    try:
        return ask_to_proceed_with_overwrite(os.fspath(filepath))
    except EOFError:
        raise FileExistsError(f"{os.fspath(filepath)!r} exists. Give overwrite=True to replace it.") from None
