"""A real mail server of a test (aiosmtpd) on a free port, in a thread; and an authority that vouches for it, or not."""

import datetime
import ipaddress
import ssl
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.processes import unused_port

USER, PASSWORD = "consilium@example.org", "a pass:word/with?everything"


@dataclass
class Arrived:
    """A mail as the server took it."""

    mail: EmailMessage
    recipients: list[str]
    encrypted: bool
    user: str | None


@dataclass
class MailServer:
    """`start` and `stop` as often as a test likes; the port stays. `certificate` makes it offer TLS (from the first byte on
    with `tls`); `refuses` are recipients that it answers with 550."""

    certificate: "Certificate | None" = None
    tls: bool = False
    sign_in: bool = False
    refuses: frozenset[str] = frozenset()
    port: int = field(default_factory=unused_port)
    arrived: list[Arrived] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    _controller: Any = None

    def url(self, user: bool = False) -> str:
        """What CONSILIUM_SMTP_URL is set to."""
        who = "consilium%40example.org:a%20pass%3Aword%2Fwith%3Feverything@" if user else ""
        return f"{'smtps' if self.tls else 'smtp'}://{who}127.0.0.1:{self.port}"

    def start(self) -> None:
        context = self.certificate.server_context() if self.certificate else None
        given: dict[str, Any] = {"hostname": "127.0.0.1", "port": self.port, "enable_SMTPUTF8": True}
        if self.sign_in:
            given |= {"auth_required": True, "auth_require_tls": False, "authenticator": self._authenticate}
        given |= {"ssl_context": context} if self.tls else {"tls_context": context}
        self._controller = Controller(self, **given)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop(no_assert=True)
            self._controller = None

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        self.heard.append("AUTH")
        data = cast(LoginPassword, given)
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, auth_data=data.login.decode())

    # --- aiosmtpd's hooks ---

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        self.heard.append("MAIL")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refuses:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        encrypted = self.tls or session.ssl is not None
        user = str(session.auth_data) if session.authenticated else None
        self.arrived.append(Arrived(mail, list(envelope.rcpt_tos), encrypted, user))
        return "250 OK"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate for 127.0.0.1 that is its own authority."""

    path: Path
    key_path: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificate":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of a test")])
        now = datetime.datetime.now(datetime.UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        made = cls(folder / "mail.pem", folder / "mail.key")
        made.path.write_bytes(built.public_bytes(serialization.Encoding.PEM))
        made.key_path.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return made

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key_path)
        return context
