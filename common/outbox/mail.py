"""A letter in words, as plain text, and as the RFC 5322 message that goes out. Decides headers; knows no server."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from common.outbox.delivery import NotSent

# Narrower than RFC 5322: no quoted local parts, no literals, nothing that could end the address in a header or on the wire.
_ADDRESS = re.compile(r"""[^@\s,;:<>()\[\]\\"\x00-\x1f\x7f]+@(?:[\w-]+\.)*[\w-]+""")


@dataclass(frozen=True, slots=True)
class Mail:
    """`id` becomes the Message-ID, so that a mail that was sent twice by accident is known as one; `at` is its Date."""

    id: str
    recipient: str
    language: str
    subject: str
    text: str
    at: float


def message(mail: Mail, sender: str) -> EmailMessage:
    """The message. Raises NotSent for an address that no mail can bear: it is refused for good, and quoted nowhere."""
    if not _ADDRESS.fullmatch(mail.recipient):
        raise NotSent("address_refused", for_good=True)
    built = EmailMessage(policy=SMTP)
    try:
        built["To"] = Address(addr_spec=mail.recipient)
    except (ValueError, MessageError, IndexError):
        raise NotSent("address_refused", for_good=True) from None
    built["From"] = sender
    built["Subject"] = mail.subject
    built["Date"] = datetime.fromtimestamp(mail.at, UTC)
    built["Message-ID"] = f"<{mail.id}@{domain(sender)}>"
    built["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
    built.set_content(mail.text, cte="quoted-printable" if mail.text.isascii() else "base64")
    built["Content-Language"] = mail.language  # after the content, which brings its own headers of that family
    return built


def domain(sender: str) -> str:
    """The domain of the sender's address."""
    return sender.rpartition("@")[2].strip(" <>") or "localhost"
