"""Settings are whole or the start ends with one line that says what to change, without quoting a value."""

from pathlib import Path

import pytest

from signaling.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env of the checkout


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"CONSILIUM_{name.upper()}", value)
    return load_settings()


def test_with_nothing_set_it_listens_on_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.bind_host == "127.0.0.1"
    assert not settings.secure
    assert settings.worker_count >= 1
    assert settings.database.startswith("sqlite+aiosqlite:///")


def test_a_certificate_opens_it_to_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("cert", "key"):
        (tmp_path / name).write_text("x")
    settings = load(monkeypatch, tls_certificate=str(tmp_path / "cert"), tls_key=str(tmp_path / "key"))
    assert settings.bind_host == "0.0.0.0"
    assert settings.secure


def test_postgres_urls_get_their_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, database_url="postgres://u:p@h/d").database == "postgresql+asyncpg://u:p@h/d"


def test_addresses_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, media_addresses="203.0.113.7, 203.0.113.8").media_addresses == ("203.0.113.7", "203.0.113.8")
    assert load(monkeypatch, media_addresses="2001:DB8::0:7,fd00::1").media_addresses == ("2001:db8::7", "fd00::1")


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"port": "99999"}, "CONSILIUM_PORT"),
        ({"port": "secret-value"}, "CONSILIUM_PORT"),
        ({"media_addresses": "not-an-address"}, "CONSILIUM_MEDIA_ADDRESSES"),
        ({"media_addresses": "ff02::1"}, "must be an address that a browser can send to"),
        ({"media_addresses": "203.0.113.7,::"}, "must be an address that a browser can send to"),
        ({"media_addresses": "fe80::1"}, "browsers do not know its zone"),
        ({"media_addresses": "2001:db8::1%eth0"}, "browsers do not know its zone"),
        ({"media_addresses": "::ffff:203.0.113.7"}, "must be written as the IPv4 address that it is"),
        ({"tls_key": "/nowhere"}, "tls_certificate and tls_key go together"),
        ({"public_url": "care.example.org"}, "CONSILIUM_PUBLIC_URL"),
        ({"log_level": "loud"}, "CONSILIUM_LOG_LEVEL"),
        ({"smtp_url": "http://secret-value@mail.example", "mail_from": "a@b.example"}, "CONSILIUM_SMTP_URL: must be smtp://"),
        ({"smtp_url": "smtp://u:secret-value@mail.example:x", "mail_from": "a@b.example"}, "port is not a number"),
        ({"smtp_url": "smtp://secret-value@mail.example", "mail_from": "a@b.example"}, "user and password go together"),
        ({"smtp_url": "smtp://mail.example"}, "smtp_url needs mail_from"),
        ({"mail_from": "nobody"}, "CONSILIUM_MAIL_FROM"),
        ({"turn_urls": "turn:relay.example.org"}, "turn_urls and turn_secret go together"),
        ({"turn_secret": "secret-value secret-value"}, "turn_urls and turn_secret go together"),
        ({"turn_urls": "stun:relay.example.org", "turn_secret": "secret-value secret-value"}, "CONSILIUM_TURN_URLS"),
        ({"turn_urls": "turn:a, turn:b c", "turn_secret": "secret-value secret-value"}, "CONSILIUM_TURN_URLS"),
        ({"turn_urls": "turn:relay.example.org", "turn_secret": "short"}, "CONSILIUM_TURN_SECRET"),
        ({"metrics_token": "short"}, "CONSILIUM_METRICS_TOKEN: must have at least 16 characters"),
    ],
)
def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, **variables)
    words = str(refused.value)
    assert says in words
    assert "\n" not in words
    assert "secret-value" not in words


def test_turn_servers_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = ("turn:relay.example.org:3478", "turn:relay.example.org?transport=tcp", "turns:[2001:db8::1]:443?transport=tcp")
    assert load(monkeypatch, turn_urls=", ".join(urls), turn_secret="hunter2 hunter2 hunter2").turn_urls == urls


def test_secrets_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, database_url="postgresql://u:hunter2@h/d", redis_url="redis://:hunter2@h/0")
    assert "hunter2" not in repr(settings)
    settings = load(monkeypatch, smtp_url="smtp://u:hunter2@mail.example", mail_from="a@b.example")
    assert "hunter2" not in repr(settings)


def test_links_in_mails_lead_where_browsers_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch).base_url(8124) == "http://127.0.0.1:8124"
    assert load(monkeypatch, public_url="https://care.example.org").base_url(8124) == "https://care.example.org"
