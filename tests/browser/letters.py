"""The letters of a server without a mail server: it lays them in a folder, where an operator and these tests find them."""

import re
from email import message_from_bytes, policy
from pathlib import Path

from tests.processes import wait_for
from tests.signaling_process import Signaling

LINK = re.compile(r"https?://\S+#[A-Za-z0-9_-]{43}")
LETTER_TIMEOUT_S = 20.0


def letters_in(server: Signaling) -> list[Path]:
    """All letters so far, the oldest first."""
    return sorted((server.data / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)


async def letter_after(server: Signaling, known: int) -> str:
    """The text of the letter that came after the first `known` ones."""
    letters = await wait_for(lambda: letters_in(server)[known:], LETTER_TIMEOUT_S, "a letter")
    message = message_from_bytes(letters[0].read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    return "" if body is None else str(body.get_content())


async def link_in_letter(server: Signaling, known: int) -> str:
    """The link in that letter."""
    text = await letter_after(server, known)
    found = LINK.search(text)
    if found is None:
        raise AssertionError(f"no link in the letter:\n{text}")
    return found[0]
