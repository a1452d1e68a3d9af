"""What the settings of the learners share: how they are checked."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationError

from deskmatch.routing.validation import Count, Settings, routing_error

__all__ = ["LearnerSettings", "Whole"]

Whole = Annotated[Count, Field(ge=1)]


class LearnerSettings(Settings):
    """Base of the settings of a learner: frozen, unknown keys refused, every finding at once."""

    def __init__(self, /, **values: Any) -> None:
        try:
            super(Settings, self).__init__(**values)
        except ValidationError as error:
            raise routing_error(error, type(self), type(self).__name__) from None

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined] # see `Settings`
