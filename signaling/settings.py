"""The installation's settings: one frozen object, validated whole at start (`CONSILIUM_*` or a `.env` file).

With nothing set it runs: SQLite and keys under `./data`, loopback only, one media worker per spare core, no Redis.
"""

import ipaddress
import os
import re
import socket
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from common.outbox.smtp import smtp_server
from media.core.addresses import announceable
from recording.records import S3Address

_DATABASES = ("postgresql://", "postgres://", "postgresql+asyncpg://", "sqlite+aiosqlite:///")
_REDISES = ("redis://", "rediss://", "unix://")
_TURN = re.compile(r"turns?:(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?")  # RFC 7065, 3.1
_SECRET_AT_LEAST = 16


class SettingsError(Exception):
    """Settings cannot be used; the text is one line that says what to change."""


class Settings(BaseSettings):
    """Everything an operator may set. Units are in the names; addresses are IP literals."""

    model_config = SettingsConfigDict(
        env_prefix="CONSILIUM_", env_file=".env", frozen=True, extra="ignore", env_ignore_empty=True
    )

    data: Path = Path("data")
    host: str | None = None
    port: int = Field(default=8123, ge=0, le=65535)
    public_url: str | None = Field(default=None, pattern=r"^https?://[^/\s]+$")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    media_workers: int | None = Field(default=None, ge=0, le=64)
    media_addresses: Annotated[tuple[str, ...], NoDecode] = ()
    media_memory_mb: int = Field(default=1024, ge=256)
    media_port: int = Field(default=0, ge=0, le=65535)
    turn_urls: Annotated[tuple[str, ...], NoDecode] = ()
    turn_secret: SecretStr | None = None
    smtp_url: SecretStr | None = None
    mail_from: str | None = Field(default=None, max_length=254, pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")
    archive_url: str | None = Field(default=None, pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9._/-]{0,200})?$")
    archive_endpoint: str | None = Field(default=None, pattern=r"^https?://[^/\s]+$")
    archive_region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]{1,40}$")
    archive_access_key: SecretStr | None = None
    archive_secret_key: SecretStr | None = None
    policy_pack: Literal["cn", "eu"] = "cn"
    recording_class: Literal["process", "medical_record"] = "process"
    fhir_url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")
    fhir_token: SecretStr | None = None
    audit_checkpoints: Path | None = None
    metrics_token: SecretStr | None = None
    sample: bool = True
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "text", "json"] = "auto"
    drain_s: float = Field(default=20, ge=0, le=3600)

    @field_validator("media_addresses", "trusted_proxies", "turn_urls", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("media_addresses")
    @classmethod
    def _literal_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(announceable(address)) for address in value)

    @field_validator("turn_urls")
    @classmethod
    def _turn_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            if _TURN.fullmatch(url) is None:
                raise ValueError("must be turn:host or turns:host, with :port and ?transport=udp or tcp where needed")
        return value

    @field_validator("turn_secret")
    @classmethod
    def _long_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < _SECRET_AT_LEAST:
            raise ValueError(f"must have at least {_SECRET_AT_LEAST} characters, the same as coturn's static-auth-secret")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _long_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < _SECRET_AT_LEAST:
            raise ValueError(f"must have at least {_SECRET_AT_LEAST} characters")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _literal_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ipaddress.ip_address(address)) for address in value)

    @field_validator("database_url", "redis_url")
    @classmethod
    def _known_service(cls, value: SecretStr | None, field: ValidationInfo) -> SecretStr | None:
        schemes = _DATABASES if field.field_name == "database_url" else _REDISES
        if value is not None and not value.get_secret_value().startswith(schemes):
            raise ValueError(f"must begin with one of {', '.join(schemes)}")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            smtp_server(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.smtp_url is not None and self.mail_from is None:
            raise ValueError("smtp_url needs mail_from, the address that mails come from")
        if (self.archive_access_key is None) != (self.archive_secret_key is None):
            raise ValueError("archive_access_key and archive_secret_key go together: set both or neither")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together: set both or neither")
        for name, path in (("tls_certificate", self.tls_certificate), ("tls_key", self.tls_key)):
            if path is not None and not path.is_file():
                raise ValueError(f"{name} names no file")
        if bool(self.turn_urls) != (self.turn_secret is not None):
            raise ValueError("turn_urls and turn_secret go together: set both or neither")
        return self

    @property
    def tls(self) -> bool:
        """Whether this process speaks TLS itself."""
        return self.tls_certificate is not None

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over HTTPS, by our own TLS or a proxy's."""
        return self.tls or (self.public_url or "").startswith("https://")

    @property
    def bind_host(self) -> str:
        """The address to listen on. Without TLS only this machine: a phone's camera needs HTTPS anyway."""
        return self.host or ("0.0.0.0" if self.tls else "127.0.0.1")  # noqa: S104  (chosen by giving a certificate)

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the store; SQLite in the data folder unless one is set."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{(self.data / 'consilium.sqlite').resolve()}"
        url = self.database_url.get_secret_value()
        for plain in ("postgresql://", "postgres://"):
            if url.startswith(plain):
                return "postgresql+asyncpg://" + url.removeprefix(plain)
        return url

    def base_url(self, port: int) -> str:
        """Where browsers find us: the public URL, or this host by the port that we listen on."""
        host = self.bind_host if self.bind_host not in ("0.0.0.0", "::") else socket.gethostname()  # noqa: S104
        return self.public_url or f"{'https' if self.tls else 'http'}://{host}:{port}"

    @property
    def archive_store(self) -> S3Address | None:
        """The store that sealed recordings are copied to, where one is set."""
        if self.archive_url is None:
            return None
        access, secret = self.archive_access_key, self.archive_secret_key
        return S3Address(
            self.archive_url,
            self.archive_endpoint,
            self.archive_region,
            access.get_secret_value() if access is not None else None,
            secret.get_secret_value() if secret is not None else None,
        )

    @property
    def checkpoint_folder(self) -> Path:
        """Where checkpoints of the audit trail are written; best on another machine's disk."""
        return self.audit_checkpoints or self.data / "audit-checkpoints"

    @property
    def mail_folder(self) -> Path:
        """Where mails are written while no mail server is set."""
        return self.data / "mail"

    @property
    def worker_count(self) -> int:
        """Media workers to start here: those set, else one per core beside signaling's own."""
        return self.media_workers if self.media_workers is not None else max(1, (os.cpu_count() or 2) - 1)


def load_settings() -> Settings:
    """Read and validate the settings.

    Raises:
        SettingsError: with one line naming the variable and what is wrong with it, never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"CONSILIUM_{where.upper()}: {said}" if where else said) from None
    except ValueError:  # pydantic-settings could not even read a source
        raise SettingsError("the settings file .env cannot be read") from None
