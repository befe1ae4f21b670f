"""Mail into a folder, one .eml file each, where no mail server is set: nothing else is needed to try everything out."""

import asyncio
import os
from pathlib import Path

from common.outbox.delivery import NotSent
from common.outbox.mail import Mail, message


class FolderPost:
    """Writes mails that only the owner of the folder can read: they hold links."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def post(self, mail: Mail) -> None:
        """Raises NotSent."""
        octets = message(mail, self._sender).as_bytes()
        try:
            await asyncio.to_thread(self._write, mail.id, octets)
        except OSError:
            raise NotSent("folder_not_writable") from None

    def _write(self, name: str, octets: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._folder / f".{name}"
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
            file.write(octets)
        part.rename(self._folder / f"{name}.eml")
