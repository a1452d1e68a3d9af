"""How settings are checked: number types, and pydantic's findings as one readable `RoutingError`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fractions import Fraction
from math import isfinite, nan
from numbers import Real
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from deskmatch.errors import RoutingError

__all__ = [
    "Count",
    "NeverOrPositive",
    "NonNegative",
    "Positive",
    "Probability",
    "Settings",
    "Usage",
    "did_you_mean",
    "error_of",
    "findings",
    "refuse",
    "routing_error",
]


def refuse(message: str) -> PydanticCustomError:
    """An error for a validator to raise; `message` is the end of a sentence ("should be …")."""
    return PydanticCustomError("routing", "{message}", {"message": message})


def did_you_mean(name: str, names: Iterable[str], *, cutoff: float = 0.6) -> str:
    """``"; did you mean 'x'?"`` where one of `names` is near `name`, else nothing."""
    lowered = {known.lower(): known for known in sorted(names)}
    near = get_close_matches(name.lower(), lowered, n=1, cutoff=cutoff)
    return f"; did you mean {lowered[near[0]]!r}?" if near else ""


def _number(value: object) -> float:
    """A finite number; text and booleans are none."""
    try:
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else nan
    except OverflowError:
        number = nan
    if not isfinite(number):
        raise refuse("should be a finite number")
    return number


def _whole(value: object) -> object:
    if isinstance(value, bool):
        raise refuse("should be a whole number")
    return value


def _never(value: object) -> float | None:
    """None for ``"never"``, which TOML can write, and None, which it cannot."""
    if value is None or value == "never":
        return None
    try:
        number = _number(value)
    except PydanticCustomError:
        raise refuse('should be a finite number above 0, or "never"') from None
    if number <= 0:
        raise refuse('should be a finite number above 0, or "never"')
    return number


def _usage(value: object) -> object:
    """None, ``"limit"``, or a share above 0 and at most 1 with a denominator of at most `FINEST`."""
    if value is None or value == "limit":
        return value
    accepted = f'should be a share above 0 and at most 1, such as "1/3" (to 1/{FINEST}), or "limit"'
    try:
        share = Fraction(value) if isinstance(value, str | int | float | Fraction) else None
    except (ValueError, ZeroDivisionError, OverflowError):
        share = None
    if share is None or isinstance(value, bool):
        raise refuse(accepted)
    share = share.limit_denominator(FINEST)
    if not 0 < share <= 1:
        raise refuse(accepted)
    return share


FINEST = 100
"""Shares of an expert's attention are read to this fineness: 0.33 stays 33/100, and nobody serves more at once."""

NonNegative = Annotated[float, BeforeValidator(_number), Field(ge=0)]
Positive = Annotated[float, BeforeValidator(_number), Field(gt=0)]
Probability = Annotated[float, BeforeValidator(_number), Field(ge=0, le=1)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
NeverOrPositive = Annotated[float | None, BeforeValidator(_never)]
Usage = Annotated[Any, BeforeValidator(_usage)]
"""A `Fraction`, ``"limit"``, or None."""


class Settings(BaseModel):
    """Base of all settings: frozen, unknown keys refused, every finding at once as `RoutingError`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise routing_error(error, type(self)) from None

    # Tells pydantic that this constructor adds nothing to the validation of nested tables: they are
    # then checked without it, so that their findings join those of the whole.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def routing_error(error: ValidationError, model: type[BaseModel], source: str = "routing") -> RoutingError:
    """All of pydantic's findings, each as ``path = value: what is accepted``."""
    return error_of(findings(error, model), source)


def findings(error: ValidationError, model: type[BaseModel], *, at: tuple[int | str, ...] = ()) -> list[str]:
    """Pydantic's findings as sentences.

    Parameters
    ----------
    error : what pydantic found.
    model : what was validated.
    at : where it stands in the whole, such as ``("constraints", 0)``.
    """
    return [_finding(detail, model, at) for detail in error.errors()]


def error_of(findings: Sequence[str], source: str = "routing") -> RoutingError:
    """One error of all findings."""
    count = len(findings)
    head = f"{count} problem{'' if count == 1 else 's'} in {source}:"
    return RoutingError("\n".join([head, *(f"  {finding}" for finding in findings)]))


def _finding(detail: ErrorDetails, model: type[BaseModel], at: tuple[int | str, ...] = ()) -> str:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    path, key = _dotted((*at, *location)), str(location[-1]) if location else ""
    holder = _model_at(model, location[:-1])
    if detail["type"] == "missing":
        return f"{path}: is required"
    if detail["type"] == "extra_forbidden" and holder is not None:
        names = sorted(holder.model_fields)
        return f"{path}: is no setting{did_you_mean(key, names)} (known here: {', '.join(names)})"
    accepted = detail["msg"].replace("Input should be", "should be")
    if detail["type"] == "enum":
        accepted += did_you_mean(str(detail["input"]), _quoted(accepted))
    if detail["input"] == key:
        return f"{path}: {accepted}"
    return f"{path} = {_shown(detail['input'])}: {accepted}"


def _dotted(location: Sequence[int | str]) -> str:
    """The key as a person writes it in TOML; entries of a list count from 1."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part + 1}]"
        else:
            bare = part if re.fullmatch(r"[\w-]+", part) else f'"{part}"'
            path += f".{bare}" if path else bare
    return path or "routing"


def _model_at(model: type[BaseModel], location: Sequence[int | str]) -> type[BaseModel] | None:
    """The model of the table at this place, None where there is none."""
    place: Any = model
    for part in location:
        if isinstance(place, type) and issubclass(place, BaseModel):
            field = place.model_fields.get(str(part))
            place = None if field is None else field.annotation
        else:
            place = next((arg for arg in reversed(get_args(place)) if arg is not Ellipsis), None)
        place = _without_none(place)
        place = get_args(place)[0] if get_origin(place) is Annotated else place
    return place if isinstance(place, type) and issubclass(place, BaseModel) else None


def _without_none(annotation: Any) -> Any:
    args = get_args(annotation)
    return next(arg for arg in args if arg is not NoneType) if NoneType in args else annotation


def _quoted(text: str) -> list[str]:
    return text.split("'")[1::2]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
