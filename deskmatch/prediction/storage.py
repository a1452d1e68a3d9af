"""Models on disk: one archive of a JSON header and plain arrays of numbers, in which nothing can run.

The file is a zip archive that holds ``header.json`` and one ``.npy`` for each array. It is read without pickle, and
nothing is believed of it: sizes are checked before memory is taken, types and shapes when an array is read. What the
numbers mean is checked by the model that is made of them.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from deskmatch.errors import Defect, InputError
from deskmatch.writing import write_atomically

__all__ = ["Stored", "check_stored", "inside", "load_stored", "outside", "part_of", "refuse_file", "save_stored"]

FORMAT = 1
"""Of the archive; each model counts its own versions."""
HEADER = "header.json"
MOST_BYTES = 1 << 30
"""Uncompressed, of a whole file: far above any model of a desk, and what an archive that lies can make us read."""
MOST_HEADER_BYTES = 1 << 26
NUMBERS = "biuf"
UNREADABLE = (
    OSError,
    ValueError,  # UnicodeDecodeError and json.JSONDecodeError among them
    KeyError,
    TypeError,
    EOFError,
    RuntimeError,  # an encrypted member, an unknown compression, headers nested too deeply
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """What a file holds.

    Parameters
    ----------
    kind : which model it is, such as ``"HistoricalRate"``.
    version : of that model's content.
    header : all that is no array: names, numbers, the training report.
    arrays : by name.
    """

    kind: str
    version: int
    header: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


def save_stored(path: str | Path, stored: Stored) -> None:
    """Write a model to a file, whole or not at all; one that is there is overwritten.

    Parameters
    ----------
    path : the file, taken as it is (no ending is added).
    stored : its content; arrays hold numbers, the header what JSON can hold (no nan).

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    buffer = io.BytesIO()
    top = {"format": FORMAT, "kind": stored.kind, "version": stored.version, "header": dict(stored.header)}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(HEADER, json.dumps(top, allow_nan=False, ensure_ascii=False))
        for name, array in stored.arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                npy.write_array(member, np.asanyarray(array), allow_pickle=False)
    write_atomically(Path(path), buffer.getvalue())


def load_stored(path: str | Path, *, kind: str | None = None, version: int | None = None) -> Stored:
    """Read a file that `save_stored` wrote.

    Parameters
    ----------
    path : the file.
    kind : the model that is expected; None: any.
    version : of its content that is expected; None: any.

    Raises
    ------
    InputError
        Where the file cannot be read, is too large, or holds no such model.
    """
    try:
        stored = _read(Path(path))
    except UNREADABLE as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise refuse_file(path, f"expected a model that deskmatch saved ({said})") from None
    check_stored(path, stored, kind=kind, version=version)
    return stored


def check_stored(path: str | Path, stored: Stored, *, kind: str | None = None, version: int | None = None) -> None:
    """Refuse a file of another kind or version; None: any.

    Raises
    ------
    InputError
        Says what it is, and what was expected.
    """
    if kind is not None and stored.kind != kind:
        raise refuse_file(path, f"expected a {kind}", f"a {stored.kind}")
    if version is not None and stored.version != version:
        accepted = f"expected version {version} of {stored.kind}; train it again with this version of deskmatch"
        raise refuse_file(path, accepted, f"version {stored.version}")


def inside(name: str, stored: Stored) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """A model as a part of another one's file: its header, and its arrays under names that begin with `name`."""
    header = {"kind": stored.kind, "version": stored.version, "header": dict(stored.header)}
    return header, {f"{name}.{key}": array for key, array in stored.arrays.items()}


def outside(name: str, header: Any, arrays: Mapping[str, NDArray[Any]]) -> Stored:
    """What `inside` made a part of; `arrays` may hold those of other parts. ValueError where `header` is none."""
    kinds = {"kind": str, "version": int, "header": dict}
    if not isinstance(header, dict) or any(type(header.get(key)) is not kind for key, kind in kinds.items()):
        raise ValueError(f"its part {name!r} is none of ours")
    return Stored(header["kind"], header["version"], header["header"], part_of(arrays, name))


def part_of(arrays: Mapping[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin with this one and a dot, by the rest of their names."""
    return {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}


def refuse_file(path: str | Path, accepted: str, found: str | None = None) -> InputError:
    """The error that names a file and what was expected of it."""
    return InputError([Defect(str(path), None, None, found, accepted)])


def _read(path: Path) -> Stored:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if len(set(names)) != len(names):
            raise ValueError("a member occurs twice")
        if sum(member.file_size for member in members) > MOST_BYTES:
            raise ValueError(f"it unpacks to more than {MOST_BYTES:,} bytes")
        header = _header(archive)
        arrays = {
            member.filename.removesuffix(".npy"): _array(archive, member)
            for member in members
            if member.filename != HEADER
        }
    return Stored(header["kind"], header["version"], header["header"], arrays)


def _header(archive: zipfile.ZipFile) -> dict[str, Any]:
    if archive.getinfo(HEADER).file_size > MOST_HEADER_BYTES:
        raise ValueError(f"its header has more than {MOST_HEADER_BYTES:,} bytes")
    found = json.loads(archive.read(HEADER).decode("utf-8"), parse_constant=_refuse_constant)
    kinds = {"format": int, "kind": str, "version": int, "header": dict}
    if not isinstance(found, dict) or any(type(found.get(name)) is not kind for name, kind in kinds.items()):
        raise ValueError("its header is none of ours")
    if found["format"] != FORMAT:
        raise ValueError(f"written in format {found['format']}, this version reads {FORMAT}")
    return found


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} in its header")


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """One array; its shape must be what the member's size leaves room for before memory is taken for it."""
    stream = io.BytesIO(archive.read(member))
    major, _ = npy.read_magic(stream)
    if major != 1:
        raise ValueError(f"{member.filename} is no array of ours")
    shape, fortran, dtype = npy.read_array_header_1_0(stream)
    if dtype.kind not in NUMBERS or fortran:
        raise ValueError(f"{member.filename} holds no plain numbers")
    content = stream.read()
    if math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError(f"{member.filename} is not as long as its shape says")
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="))
