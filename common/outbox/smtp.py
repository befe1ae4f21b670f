"""Mail out by SMTP. Decides when TLS is asked for, and which answers of the server are final.

With a user name the connection is encrypted and the server's certificate checked, or nothing is said. Without one, STARTTLS is
taken where it is offered and its certificate is not checked: whoever could forge it could as well hide the offer (RFC 7435).
"""

import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import aiosmtplib

from common.outbox.delivery import NotSent
from common.outbox.mail import Mail, domain, message

TIMEOUT_S = 20.0  # of each step; the whole sending has its own limit (delivery.py)
FINAL = 500  # RFC 5321, 4.2.1: permanent negative replies begin here


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed over."""

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def smtp_server(url: str) -> SmtpServer:
    """Reads ``smtp://user:password@host:port`` or ``smtps://…``; ValueError says what is wrong, quoting nothing."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("must be smtp://user:password@host:port or smtps://…")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("the port is not a number") from None
    if (parts.username is None) != (parts.password is None):
        raise ValueError("user and password go together")
    usual = 465 if parts.scheme == "smtps" else 587 if parts.username else 25
    return SmtpServer(
        host=parts.hostname,
        port=port or usual,
        tls=parts.scheme == "smtps",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


class SmtpPost:
    """Hands mails to one server, each over a connection of its own."""

    def __init__(self, server: SmtpServer, sender: str) -> None:
        self._server = server
        self._sender = sender
        self._context = ssl.create_default_context()  # reads SSL_CERT_FILE: a hospital's own authority may be given there
        self._strict = server.tls or server.user is not None
        if not self._strict:
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE

    async def post(self, mail: Mail) -> None:
        """Raises NotSent."""
        built = message(mail, self._sender)
        try:
            async with self._client() as client:
                await client.send_message(built, recipients=[mail.recipient])
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise NotSent("address_refused", for_good=all(one.code >= FINAL for one in refused.recipients)) from None
        except aiosmtplib.SMTPNotSupported:
            raise NotSent("mail_server_cannot") from None
        except aiosmtplib.SMTPAuthenticationError:
            raise NotSent("mail_sign_in_refused") from None
        except (aiosmtplib.SMTPTimeoutError, aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError):
            raise NotSent("mail_server_unreachable") from None
        except aiosmtplib.SMTPException:
            raise NotSent("mail_refused") from None

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            use_tls=server.tls,
            start_tls=None if server.tls or not self._strict else True,
            tls_context=self._context,
            local_hostname=domain(self._sender),
            timeout=TIMEOUT_S,
        )
