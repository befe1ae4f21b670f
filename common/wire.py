"""The base of everything that crosses a process or network boundary: strict, closed, immutable (pydantic)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from common.ids import ID_PATTERN


class Wire(BaseModel):
    """A message or a part of one: unknown fields, wrong types and implicit conversions are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


NO_NUL = r"^[^\x00]*$"
"""Of every free text: PostgreSQL can store no NUL, and no person types one."""

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN, max_length=24)]
Sdp = Annotated[str, StringConstraints(min_length=1, max_length=32 * 1024)]
Mid = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=NO_NUL)]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=NO_NUL)]


class LocalText(Wire):
    """A text that the hospital gave in both languages."""

    zh: str = Field(max_length=200)
    en: str = Field(max_length=200)
