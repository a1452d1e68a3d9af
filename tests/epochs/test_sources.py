"""The same desk is read from every kind of source, and what is no table says so."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deskmatch.epochs import Epoch
from deskmatch.errors import Defect, InputError

HEADER = "ticket_id,channel,language,topic"
ROWS = [HEADER, "007,chat,en,billing", "t2,chat,de,billing:0.7|seo:0.3"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tickets.csv"


def read(source: object, experts: pd.DataFrame, **arguments: Any) -> Epoch:
    return Epoch.from_tables(source, experts, **arguments)  # type: ignore[arg-type]


def refusal(source: object, experts: pd.DataFrame, **arguments: Any) -> Defect:
    with pytest.raises(InputError) as caught:
        read(source, experts, **arguments)
    (defect,) = caught.value.defects
    return defect


@pytest.mark.parametrize(
    "data",
    [
        "\n".join(ROWS).encode(),
        "\r\n".join([*ROWS, ""]).encode(),
        "\r".join(ROWS).encode(),
        "\n".join(ROWS).encode("utf-8-sig"),
        "\n".join(ROWS).encode("utf-16"),
        b"\xfe\xff" + "\n".join(ROWS).encode("utf-16-be"),
        "\n".join(ROWS).encode("utf-32"),
        "\n".join(ROWS).replace(",", ";").encode(),
        "\n".join(ROWS).replace(",", "\t").encode(),
        "\n".join(ROWS).replace(",", " , ").encode(),
        "\n".join([HEADER, '"007",chat,en,"billing"', 't2,chat,de, "billing:0.7|seo:0.3"']).encode(),
        ("\n\n  \n" + "\n\n".join(ROWS)).encode(),
        "\n".join(f"{row},,," for row in ROWS[1:]).join([HEADER + "\n", "\n"]).encode(),
        "\n".join(['"ticket_id","channel","language","topic"', *ROWS[1:]]).encode(),
    ],
    ids=["lf", "crlf", "cr", "bom", "utf16", "utf16be", "utf32", "semicolon", "tab", "spaces", "quotes", "blank",
         "trailing", "quoted header"],
)  # fmt: skip
def test_oddities_of_text_files_do_not_matter(path: Path, experts: pd.DataFrame, data: bytes) -> None:
    path.write_bytes(data)
    epoch = read(path, experts)
    assert epoch.tickets.ids == ("007", "t2")
    assert epoch.tickets.topic_probability.tolist() == [1, 0.7, 0.3]


@pytest.mark.parametrize("name", ["tickets", "tickets.tsv", "tickets.txt", "TICKETS.CSV"])
def test_text_files_go_by_several_names(tmp_path: Path, experts: pd.DataFrame, name: str) -> None:
    (tmp_path / name).write_text("\n".join(ROWS), encoding="utf-8")
    assert read(str(tmp_path / name), experts).n_tickets == 2


def test_rows_of_a_file_are_its_lines_also_after_cells_of_several_lines(path: Path, experts: pd.DataFrame) -> None:
    path.write_text(
        f'{HEADER},note\nt1,chat,en,seo,"two\nlines"\n\nt2,chat,en,seo,"a ""word"", b"\nt3,chat,,seo,x\n',
        encoding="utf-8",
    )
    assert refusal(path, experts) == Defect(
        "tickets.csv", "6", "language", "an empty cell", "expected a value such as de"
    )
    assert read(path, experts, on_bad="hold").tickets.features["note"].tolist() == ["two\nlines", 'a "word", b']


@pytest.mark.parametrize(
    ("row", "cells"), [("t1,chat,en", "3 cells"), ("t1,chat,en,seo,,x", "6 cells"), ("t1", "1 cell")]
)
def test_a_row_of_another_width_is_one_defect(path: Path, experts: pd.DataFrame, row: str, cells: str) -> None:
    path.write_text(f"{HEADER}\n{row}\nt2,chat,en,seo,,\n", encoding="utf-8")
    assert refusal(path, experts) == Defect("tickets.csv", "2", None, cells, "expected 4, as in the header")
    epoch = read(path, experts, on_bad="hold")
    assert epoch.tickets.ids == ("t2",)
    assert epoch.intake.held == (("t1", f"found {cells}; expected 4, as in the header"),)


def test_features_of_a_file_are_numbers_where_all_are(path: Path, experts: pd.DataFrame) -> None:
    path.write_text(f"{HEADER},a,b,c,d\nt1,chat,en,seo,1,x,007,\nt2,chat,en,seo,,2,8,-0.5\n", encoding="utf-8")
    features = read(path, experts).tickets.features
    np.testing.assert_array_equal(features["a"], [1, np.nan])
    assert features["b"].tolist() == ["x", "2"]
    assert features["c"].tolist() == ["007", "8"]
    np.testing.assert_array_equal(features["d"], [np.nan, -0.5])


@pytest.mark.parametrize(
    ("data", "accepted"),
    [
        (b"", "the file is empty; expected at least a header"),
        (b"\xef\xbb\xbf\r\n \r\n", "the file is empty; expected at least a header"),
        (f"{HEADER}\nt1,chat,fr,caf\xe9\n".encode("latin-1"), "; line 2 holds other bytes"),
        (HEADER.encode("utf-16-le"), "expected text in UTF-8, its cells separated by commas, semicolons or tabs"),
        (b"\xff\xfea", "; line 1 holds other bytes"),
        (b"PK\x03\x04rest", "(save a spreadsheet as CSV, and name a Parquet file .parquet)"),
        (b"PAR1rest", "(save a spreadsheet as CSV, and name a Parquet file .parquet)"),
        (
            f'{HEADER}\nt1,chat,en,"seo\nt2,chat,en,seo\n'.encode(),
            "expected quoted cells that close (the row from line 2: ",
        ),
    ],
)
@pytest.mark.parametrize("on_bad", ["raise", "hold"])
def test_a_file_that_is_no_table_says_why(
    path: Path, experts: pd.DataFrame, data: bytes, accepted: str, on_bad: str
) -> None:
    path.write_bytes(data)
    defect = refusal(path, experts, on_bad=on_bad)
    assert (defect.table, defect.row) == ("tickets.csv", None)
    assert accepted in defect.accepted


def test_a_missing_file_a_folder_and_other_kinds_of_file_say_so(tmp_path: Path, experts: pd.DataFrame) -> None:
    accepted = "expected a pandas frame, or the path of a .csv, .tsv, .txt (also with .gz) or .parquet file"
    missing = refusal(tmp_path / "no.csv", experts)
    assert missing == Defect("no.csv", None, None, None, f"cannot be read (no such file or directory); {accepted}")
    assert refusal(tmp_path / "no.parquet", experts).accepted == missing.accepted
    assert "is a directory" in refusal(tmp_path, experts).accepted
    assert "null" in refusal("a\0b.csv", experts).accepted
    assert refusal(tmp_path / "tickets.xlsx", experts).accepted == accepted
    assert refusal([1], experts) == Defect("tickets", None, None, "builtins.list", accepted)


def test_compressed_text_is_read_and_what_is_not_compressed_says_so(
    tmp_path: Path, tickets: pd.DataFrame, experts: pd.DataFrame
) -> None:
    tickets.to_csv(tmp_path / "tickets.csv.gz", index=False)
    assert read(tmp_path / "tickets.csv.gz", experts).tickets.ids == read(tickets, experts).tickets.ids
    whole = (tmp_path / "tickets.csv.gz").read_bytes()
    damaged = whole[:40] + bytes(20) + whole[60:]
    for data, said in ((b"ticket_id,channel", "not a gzipped file"), (whole[:-20], "ended"), (damaged, "error")):
        (tmp_path / "broken.csv.gz").write_bytes(data)
        assert re.search(f"cannot be unpacked .*{said}", refusal(tmp_path / "broken.csv.gz", experts).accepted)
    (tmp_path / "tickets.parquet.gz").write_bytes(whole)
    assert ".parquet file" in refusal(tmp_path / "tickets.parquet.gz", experts).accepted


def test_parquet_is_read(tmp_path: Path, tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    path = tmp_path / "tickets.parquet"
    tickets.assign(tags=[["a", "b"], [], None]).rename(columns={"tags": "requires"}).to_parquet(path)
    epoch = read(path, experts)
    assert epoch.n_tickets == 3
    assert epoch.tickets.requires_ptr.tolist() == [0, 2, 2, 2]


def test_a_file_that_is_no_parquet_says_so(tmp_path: Path, experts: pd.DataFrame) -> None:
    path = tmp_path / "tickets.parquet"
    path.write_bytes(b"a,b\n1,2\n")
    assert refusal(path, experts).accepted.startswith("expected a Parquet file (")


def test_parquet_without_its_extra_names_it(
    tmp_path: Path, experts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    defect = refusal(tmp_path / "tickets.parquet", experts)
    assert defect.accepted == "reading .parquet needs the extra: pip install 'deskmatch[parquet]'"


@pytest.mark.parametrize("kind", ["object", "category", "string[python]", "string[pyarrow]", "string"])
def test_every_kind_of_text_column_is_read(tickets: pd.DataFrame, experts: pd.DataFrame, kind: str) -> None:
    epoch = read(tickets.assign(requires=["vip", None, ""]).astype(kind), experts.astype(kind))
    assert epoch.tickets.ids == ("t1", "t2", "t3")
    assert epoch.tickets.requires_ptr.tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize(
    "missing", [None, np.nan, pd.NA, pd.NaT, Decimal("sNaN"), "", "  ", float("nan"), np.float32("nan"), [], {}]
)
def test_every_sign_of_a_missing_value_is_one(tickets: pd.DataFrame, experts: pd.DataFrame, missing: object) -> None:
    column = pd.Series([missing, "e1", missing], dtype=object)
    assert read(tickets.assign(preferred_expert=column), experts).tickets.preferred.tolist() == [-1, 0, -1]


def test_the_text_na_is_no_missing_value(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    assert "NA" in read(tickets.assign(language="NA"), experts).desk.languages.names


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ([12, 13, 14], ("12", "13", "14")),
        ([12.0, 13.0, 1e20], ("12", "13", "100000000000000000000")),
        (["12.0", "13.00", "0012"], ("12", "13", "0012")),
        ([True, "b", 1.5], ("True", "b", "1.5")),
        ([np.int64(1), np.float32(0.1), Decimal("2.50")], ("1", "0.1", "2.50")),
        ([date(2026, 3, 2), timedelta(seconds=1.5), timedelta(days=1)], ("2026-03-02", "1.5", "86400")),
        (pd.array([1, 2, 3], dtype="Int64"), ("1", "2", "3")),
    ],
)
def test_ids_become_the_text_that_a_person_reads(
    tickets: pd.DataFrame, experts: pd.DataFrame, values: object, ids: tuple[str, ...]
) -> None:
    assert (
        read(tickets.assign(ticket_id=pd.Series(values, dtype=getattr(values, "dtype", object))), experts).tickets.ids
        == ids
    )


def test_ids_that_a_gap_made_floats_still_match(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = read(tickets.assign(preferred_expert=[12, None, 7]), experts.assign(expert_id=["7", "12"]))
    assert epoch.tickets.preferred.tolist() == [1, -1, 0]


def test_times_may_be_differences_of_times(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = read(tickets.assign(waited_s=pd.to_timedelta(["90s", "1h", None])), experts)
    assert epoch.tickets.waited_s.tolist() == [90, 3600, 0]


def test_collections_in_cells_are_lists(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    epoch = read(
        tickets.assign(topic=[{"billing": 0.5, "seo": 0.25}, ["seo"], "seo"]),
        experts.assign(languages=[("en", "de"), {"de", "en"}], channels=[{"chat": 3, "post": 5}, "chat|callback"]),
    )
    assert epoch.tickets.topic_probability.tolist() == [0.5, 0.25, 1, 1]
    assert epoch.desk.speaks.all()
    assert epoch.desk.channel_limit[0].tolist() == [0, 3, 5]


def test_rows_of_a_frame_go_by_their_labels(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    assert refusal(tickets.assign(tier=[1, 1, 0]).set_index(pd.Index(["a", "b", "c"])), experts).row == "c"


@pytest.mark.parametrize("empty", [pd.DataFrame(), pd.DataFrame([]), pd.DataFrame(columns=HEADER.split(","))])
def test_empty_tables_are_fine(
    tickets: pd.DataFrame, experts: pd.DataFrame, pairs: pd.DataFrame, empty: pd.DataFrame
) -> None:
    assert repr(read(empty, experts)) == "Epoch(0 tickets, 2 experts)"
    assert repr(read(empty, experts.iloc[:0], resolution=pairs.iloc[:0])) == "Epoch(0 tickets, 0 experts)"


def test_a_frame_with_rows_and_no_columns_lacks_them(experts: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="the table has: no columns"):
        read(pd.DataFrame(index=[1, 2]), experts)


def test_a_header_alone_is_an_empty_table(path: Path, experts: pd.DataFrame) -> None:
    path.write_text(HEADER, encoding="utf-8")
    assert read(path, experts).n_tickets == 0


def test_frames_are_left_as_they_were(tickets: pd.DataFrame, experts: pd.DataFrame) -> None:
    frame = tickets.assign(mood=[1, 2, 3])
    before = frame.copy()
    epoch = read(frame, experts)
    frame["mood"] = 0
    assert epoch.tickets.features["mood"].tolist() == [1, 2, 3]
    pd.testing.assert_frame_equal(frame.assign(mood=[1, 2, 3]), before)


def test_reading_files_loads_no_pandas(tmp_path: Path) -> None:
    paths = [tmp_path / "tickets.csv", tmp_path / "experts.csv"]
    paths[0].write_text("\n".join(ROWS), encoding="utf-8")
    paths[1].write_text("expert_id,channels,languages,topics\ne1,chat,en,*\n", encoding="utf-8")
    code = (
        "import sys\nfrom deskmatch.epochs import Epoch\n"
        "Epoch.from_tables(*sys.argv[1:])\nprint('pandas' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
