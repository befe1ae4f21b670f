"""Letters leave the house: once, by a real mail server, also when it is away for a while; never in clear with a password."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from clinic.hospitals import Hospital
from common.database import Database, migrate
from common.evidence.audit import audit_entry
from common.ids import HospitalId, new_id
from common.outbox import store
from common.outbox.delivery import CALL_GIVE_UP_S, CLAIM_S, FIRST_PAUSE_S, GIVE_UP_S, Delivery, Send
from common.outbox.folder import FolderPost
from common.outbox.letter import Letter, LetterKind
from common.outbox.smtp import SmtpPost, smtp_server
from common.wire import LocalText
from signaling.letters import Post, in_words
from tests.mail_server import USER, Certificate, MailServer

HOSPITAL = Hospital(HospitalId("h_willowwillowwill"), LocalText(zh="柳岸医院", en="Willow Bank"), "120", "Asia/Shanghai", ())
SENDER = "consilium@hospital.example"


class StillClock:
    def __init__(self) -> None:
        self.at = 1_600_000_000.0

    def now(self) -> float:
        return self.at


def sending(post: Post) -> Send:
    async def send(letter: Letter) -> None:
        await post.post(in_words(letter, HOSPITAL, "https://care.example.org"))

    return send


class House:
    """An outbox over a database, and as many processes that deliver from it as a test likes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = StillClock()

    def process(self, url: str) -> Delivery:
        send = sending(SmtpPost(smtp_server(url), SENDER))
        return Delivery(store.SqlOutbox(self.database), send, self.clock)

    async def post(
        self, recipient: str = "bai.yun@mail.example", language: str = "zh", kind: LetterKind = LetterKind.INVITATION
    ) -> Letter:
        letter = Letter(
            id=new_id("m"),
            kind=kind,
            hospital=HOSPITAL.id,
            subject=new_id("c"),
            recipient=recipient,
            language=language,
            path="/join#" + "A" * 43,
            starts_at=None,
            created_at=self.clock.at,
        )
        async with self.database.transaction() as connection:
            await store.add(connection, letter)
        return letter

    async def waiting(self) -> int:
        async with self.database.reading() as connection:
            return int(await connection.scalar(sa.select(sa.func.count()).select_from(store.outbox_letter)) or 0)

    async def became(self, letter: Letter) -> list[tuple[str, str]]:
        async with self.database.reading() as connection:
            c = audit_entry.c
            rows = await connection.execute(sa.select(c.act, c.reason).where(c.subject == letter.subject).order_by(c.id))
            return [(row.act, row.reason) for row in rows]


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    await migrate(database_url)
    database = Database(database_url)
    yield House(database)
    await database.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate.make(tmp_path)


@pytest.fixture
def vouched(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """A certificate whose authority this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    return certificate


@pytest.fixture
def server() -> Iterator[MailServer]:
    made = MailServer()
    made.start()
    yield made
    made.stop()


async def test_a_letter_is_delivered_once_and_forgotten(house: House, server: MailServer) -> None:
    letter = await house.post()
    process = house.process(server.url())
    await process.deliver_due()
    await process.deliver_due()
    (arrived,) = server.arrived
    assert arrived.recipients == ["bai.yun@mail.example"]
    assert arrived.mail["From"] == SENDER and arrived.mail["Message-ID"] == f"<{letter.id}@hospital.example>"
    assert arrived.mail["Subject"] == "您的在线看诊" and arrived.mail["Content-Language"] == "zh"
    assert "https://care.example.org/join#" + "A" * 43 in arrived.mail.get_content().splitlines()
    assert await house.waiting() == 0, "its address and its link are kept nowhere"
    assert await house.became(letter) == [("letter_sent", "invitation")]


async def test_a_letter_waits_while_the_server_is_away(house: House, server: MailServer) -> None:
    letter = await house.post()
    process = house.process(server.url())
    server.stop()
    for pause in (FIRST_PAUSE_S, 2 * FIRST_PAUSE_S):
        await process.deliver_due()
        house.clock.at += pause - 1
        await process.deliver_due()
        house.clock.at += 1
    server.start()
    await process.deliver_due()
    assert len(server.arrived) == 1 and await house.became(letter) == [("letter_sent", "invitation")]


@pytest.mark.parametrize(
    ("kind", "patience", "at_least"), [(LetterKind.INVITATION, GIVE_UP_S, 20), (LetterKind.TURN, CALL_GIVE_UP_S, 5)]
)
async def test_after_a_day_it_is_given_up_and_said_so_and_a_call_after_an_hour(
    house: House, server: MailServer, kind: LetterKind, patience: float, at_least: int
) -> None:
    letter = await house.post(kind=kind)
    server.stop()
    process = house.process(server.url())
    began, tries = house.clock.at, 0
    while await house.waiting():
        tries += 1
        await process.deliver_due()
        async with house.database.reading() as connection:
            due = await connection.scalar(sa.select(store.outbox_letter.c.due_at))
        house.clock.at = due or house.clock.at
    assert house.clock.at - began <= patience and at_least < tries < 40
    assert await house.became(letter) == [("letter_given_up", "mail_server_unreachable")]


async def test_an_address_that_is_refused_is_not_tried_again(house: House, server: MailServer) -> None:
    server.refuses = frozenset({"nobody@mail.example"})
    letter = await house.post("nobody@mail.example")
    await house.process(server.url()).deliver_due()
    assert await house.became(letter) == [("letter_given_up", "address_refused")]


@pytest.mark.parametrize("address", ["a,b@x.example", "a@x.example>", "<a@x.example", "a:;@x.example", '"@x.example', "a@[x"])
async def test_no_address_smuggles_another_recipient_in(house: House, server: MailServer, address: str) -> None:
    letter = await house.post(address)
    await house.process(server.url()).deliver_due()
    assert server.heard == [] and await house.became(letter) == [("letter_given_up", "address_refused")]


async def test_of_several_processes_each_letter_is_sent_by_one(house: House, server: MailServer) -> None:
    letters = [await house.post(f"number{number}@mail.example") for number in range(15)]
    processes = [house.process(server.url()) for _ in range(3)]
    await asyncio.gather(*(process.deliver_due() for process in processes * 2))
    assert sorted(one.recipients[0] for one in server.arrived) == sorted(letter.recipient for letter in letters)
    assert await house.waiting() == 0


async def test_a_letter_held_by_a_dead_process_is_delivered_by_another(house: House, server: MailServer) -> None:
    await house.post()
    outbox = store.SqlOutbox(house.database)
    (found,) = await outbox.due(house.clock.at, 10)
    assert await outbox.claim(found, house.clock.at + CLAIM_S)
    assert not await outbox.claim(found, house.clock.at + CLAIM_S)
    living = house.process(server.url())
    await living.deliver_due()
    assert server.arrived == []
    house.clock.at += CLAIM_S
    await living.deliver_due()
    assert len(server.arrived) == 1


# --- TLS ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True])
async def test_with_a_password_it_goes_encrypted(house: House, vouched: Certificate, tls: bool) -> None:
    server = MailServer(certificate=vouched, tls=tls, sign_in=True)
    server.start()
    try:
        await house.post()
        await house.process(server.url(user=True)).deliver_due()
    finally:
        server.stop()
    (arrived,) = server.arrived
    assert arrived.encrypted and arrived.user == USER


@pytest.mark.parametrize("offer", ["none", "forged"])
async def test_with_a_password_nothing_is_said_in_clear_or_to_a_stranger(
    house: House, certificate: Certificate, offer: str
) -> None:
    server = MailServer(certificate=certificate if offer == "forged" else None, sign_in=True)
    server.start()
    try:
        letter = await house.post()
        await house.process(server.url(user=True)).deliver_due()
    finally:
        server.stop()
    assert server.heard == [] and server.arrived == []
    assert await house.waiting() == 1 and await house.became(letter) == []


async def test_without_a_password_tls_is_taken_where_it_is_offered(house: House, certificate: Certificate) -> None:
    server = MailServer(certificate=certificate)
    server.start()
    try:
        await house.post()
        await house.process(server.url()).deliver_due()
    finally:
        server.stop()
    assert [arrived.encrypted for arrived in server.arrived] == [True]


async def test_a_wrong_password_is_tried_again_later(house: House, vouched: Certificate) -> None:
    server = MailServer(certificate=vouched, sign_in=True)
    server.start()
    try:
        await house.post()
        await house.process(server.url(user=True).replace("everything", "nothing")).deliver_due()
    finally:
        server.stop()
    assert server.arrived == [] and await house.waiting() == 1, "an operator can mend it"


async def test_a_folder_takes_what_no_server_does(house: House, tmp_path: Path) -> None:
    letter = await house.post()
    folder = tmp_path / "data" / "mail"
    post = sending(FolderPost(folder, SENDER))
    await Delivery(store.SqlOutbox(house.database), post, house.clock).deliver_due()
    (file,) = folder.iterdir()
    assert file.name == f"{letter.id}.eml" and file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
