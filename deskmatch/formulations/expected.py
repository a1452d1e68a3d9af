"""What functions say that take an epoch or a plan and are given something else."""

from __future__ import annotations

from deskmatch.epochs.epoch import Epoch
from deskmatch.errors import ARGUMENTS, Defect, InputError

__all__ = ["expect_epoch", "expect_plan"]


def expect_epoch(epoch: object) -> None:
    """Raise `InputError` where this is no `Epoch`."""
    if not isinstance(epoch, Epoch):
        raise InputError([Defect(ARGUMENTS, None, "epoch", repr(epoch)[:80], "expected an Epoch (Epoch.from_tables)")])


def expect_plan(plan: object) -> None:
    """Raise `InputError` where this is no `Plan`."""
    from deskmatch.formulations.plan import Plan

    if not isinstance(plan, Plan):
        raise InputError([Defect(ARGUMENTS, None, "plan", repr(plan)[:80], "expected a Plan (deskmatch.assign)")])
