"""Files that are written whole or not at all."""

import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["may_write", "replace_file"]

Part = bytes | bytearray | memoryview


def replace_file(filepath: Any, parts: Iterable[Part]) -> None:
    """Write a file in place of what is there, if anything.

    The content goes to a temporary file in the same folder, then to the disk, and only then takes the name. Whatever happens
    meanwhile, under that name is the old file or the new one, whole; of two processes that write, the later one wins.

    Args:
        filepath: where. A symbolic link stays one: what it points to is replaced.
        parts: the content, in order.

    Raises:
        FileNotFoundError: there is no such folder.
        OSError: the disk is full, or may not be written to; or `filepath` is no ordinary file. The old file is untouched.
    """
    path = Path(os.path.realpath(filepath))
    mode = _mode(path)
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.tmp")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"Cannot write {os.fspath(filepath)!r}: there is no folder {str(path.parent)!r}.")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise _failed(filepath, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            if mode is not None:
                temporary.chmod(mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _failed(filepath, error) from error
        raise
    _sync_folder(path.parent)


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
