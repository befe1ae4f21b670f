"""What the clinic needs from outside: a store and a hasher. Decides the seams only."""

from typing import Protocol


class ClinicStore(Protocol):
    """Everything that the clinic keeps."""


class PasswordHasher(Protocol):
    """Slow on purpose, and bounded: it never runs on the event loop and never on more threads than there are cores."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, stored: str | None, password: str) -> bool: ...
