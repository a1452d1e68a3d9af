"""Writing a file whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

__all__ = ["check_writable", "write_atomically"]


def check_writable(path: Path) -> None:
    """Fail before any work is done where `path` could not be written.

    Raises
    ------
    OSError
        Names `path`: its folder does not exist or cannot be written to, or it is a folder itself.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder does not exist", str(path))
    if not os.access(path.parent, os.W_OK) and not path.exists():
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` beside `path` and move it there in one step, so that no reader ever sees half a file.

    Parameters
    ----------
    path : the file; what stands there is replaced, with its permissions kept. A link is followed.
    content : its content; text is written as UTF-8.

    Raises
    ------
    OSError
        Names `path`, if the folder does not exist or cannot be written to; `path` is then as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    check_writable(path)
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():  # a terminal or a pipe can be written to, not replaced
        target.write_bytes(data)
        return
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
