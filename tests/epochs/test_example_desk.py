"""The example desk, and others that are made like it, are read without a complaint."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskmatch.cli.new_desk import EXPERT_COLUMNS, TICKET_COLUMNS, write_desk
from deskmatch.epochs import Epoch
from deskmatch.epochs.columns import EXPERTS, TICKETS
from deskmatch.errors import InputError

EXAMPLE = Path(__file__).parents[2] / "examples" / "desk"


def test_the_example_is_a_desk_of_the_promised_size() -> None:
    epoch = Epoch.from_tables(EXAMPLE / "tickets.csv", EXAMPLE / "experts.csv")
    desk = epoch.desk
    assert (epoch.n_tickets, epoch.n_experts) == (120, 40)
    assert desk.channels.names == ("callback", "chat", "post")
    assert (len(desk.languages), len(desk.topics), set(desk.tier.tolist())) == (10, 12, {1, 2, 3})
    assert epoch.intake.notes == {"language that nobody speaks": 1}


@pytest.mark.parametrize(
    ("name", "columns", "declared"),
    [("tickets.csv", TICKET_COLUMNS, TICKETS), ("experts.csv", EXPERT_COLUMNS, EXPERTS)],
)
def test_every_column_of_the_example_is_declared_and_used(name: str, columns: tuple[str, ...], declared: tuple) -> None:
    rows = [line.split(",") for line in (EXAMPLE / name).read_text(encoding="utf-8").splitlines()]
    assert rows[0] == list(columns)
    assert set(columns) <= {column.name for column in declared}
    assert all(any(cells) for cells in zip(*rows[1:], strict=True))


@pytest.mark.parametrize(("tickets", "experts", "seed"), [(0, 0, 1), (1, 1, 2), (3, 200, 3), (500, 50, 4)])
def test_desks_of_any_size_are_read_without_a_complaint(tmp_path: Path, tickets: int, experts: int, seed: int) -> None:
    paths = write_desk(tmp_path, tickets=tickets, experts=experts, seed=seed)
    epoch = Epoch.from_tables(paths[0], paths[1])
    assert (epoch.n_tickets, epoch.n_experts) == (tickets, experts)
    assert not epoch.intake.held and not epoch.intake.left_out


def test_another_seed_makes_another_desk(tmp_path: Path) -> None:
    one, other = write_desk(tmp_path / "1", seed=1), write_desk(tmp_path / "2", seed=2)
    assert one[0].read_bytes() != other[0].read_bytes()


def test_files_that_are_there_already_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "experts.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"experts\.csv: there is such a file already"):
        write_desk(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["experts.csv"]
    assert (tmp_path / "experts.csv").read_text(encoding="utf-8") == "mine"
