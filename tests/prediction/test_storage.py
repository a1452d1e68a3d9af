"""Files of models: what is written comes back, and what a stranger wrote does no harm."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from deskmatch.errors import InputError
from deskmatch.prediction.storage import MOST_BYTES, Stored, load_stored, save_stored

ARRAYS = {"n": np.arange(6.0).reshape(2, 3), "one": np.array(7)}
GOOD = Stored("Rates", 3, {"names": ["añ", "😀"], "rate": 0.25}, ARRAYS)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    save_stored(tmp_path / "model", GOOD)
    again = load_stored(tmp_path / "model", kind="Rates", version=3)
    assert (again.kind, again.version, again.header) == (GOOD.kind, GOOD.version, GOOD.header)
    for name, array in GOOD.arrays.items():
        assert np.array_equal(again.arrays[name], array)
        assert again.arrays[name].dtype == array.dtype


def test_a_model_that_cannot_be_written_whole_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_stored(tmp_path / "model", GOOD)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_stored(tmp_path / "model", Stored("Rates", 4, {}, {}))
    assert load_stored(tmp_path / "model").version == 3
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    with pytest.raises(FileNotFoundError, match="nowhere/model"):
        save_stored(tmp_path / "nowhere" / "model", GOOD)


def test_another_model_and_another_version_are_named(tmp_path: Path) -> None:
    save_stored(tmp_path / "model", GOOD)
    with pytest.raises(InputError, match="found a Rates; expected a Trees"):
        load_stored(tmp_path / "model", kind="Trees")
    with pytest.raises(InputError, match="found version 3; expected version 4 of Rates; train it again"):
        load_stored(tmp_path / "model", version=4)


def member(name: str = "n.npy", content: bytes = b"", *, header: object = None) -> bytes:
    buffer = io.BytesIO()
    top = {"format": 1, "kind": "Rates", "version": 3, "header": {}} if header is None else header
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", top if isinstance(top, str) else json.dumps(top))
        if name:
            archive.writestr(name, content)
    return buffer.getvalue()


def npy(array: np.ndarray, *, pickled: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=pickled)
    return buffer.getvalue()


class Harm:
    ran = False

    def __reduce__(self) -> tuple[object, ...]:
        return setattr, (Harm, "ran", True)


def lying(shape: str) -> bytes:
    """An array whose header says that it is huge."""
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + b"\0" * 16


HOSTILE = {
    "no archive": b"hello",
    "nothing": b"",
    "half": member(content=npy(np.zeros(3)))[:90],
    "a pickle": pickle.dumps(Harm()),
    "a pickled array": member(content=npy(np.array([Harm()], object), pickled=True)),
    "text in an array": member(content=npy(np.array(["a"]))),
    "no array": member(content=b"\0" * 200),
    "a huge shape": member(content=lying("(1000000000000,)")),
    "a negative shape": member(content=lying("(-1, -2)")),
    "deep": member("", header='{"header": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    "nan": member("", header='{"format": 1, "kind": "Rates", "version": 3, "header": {"rate": NaN}}'),
    "a list": member("", header=[1]),
    "another format": member("", header={"format": 2, "kind": "Rates", "version": 3, "header": {}}),
    "no kind": member("", header={"format": 1, "version": 3, "header": {}}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_does_no_harm(name: str, tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(HOSTILE[name])
    with pytest.raises(InputError, match="expected a model that deskmatch saved"):
        load_stored(tmp_path / "model")
    assert not Harm.ran


def test_an_archive_that_unpacks_to_more_than_memory_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("header.json", json.dumps({"format": 1, "kind": "Rates", "version": 3, "header": {}}))
        archive.writestr("n.npy", b"\0" * 1000)
        archive.filelist[1].file_size = MOST_BYTES  # what the directory says
    with pytest.raises(InputError, match="unpacks to more than"):
        load_stored(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(InputError, match=str(path)):
            load_stored(path)
