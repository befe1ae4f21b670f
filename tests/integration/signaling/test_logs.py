"""At the most talkative level, nothing that anybody wrote, is called or signs in with is in any log line: without a browser."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.integration.signaling.conftest import Visitors
from tests.integration.signaling.test_chart import INTAKE, NOTES, SUMMARY, offered, on_duty
from tests.integration.signaling.test_faults import visiting
from tests.peers_signaling import CSRF
from tests.processes import wait_for
from tests.services import kept
from tests.signaling_process import Signaling

PAEDIATRICS = 2
CANARIES = [f"canary{number}quennell" for number in range(12)]
EMAIL = "canary.address@example.org"
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@pytest.fixture
def talkative(request: pytest.FixtureRequest) -> Iterator[Signaling]:
    service = Signaling(workers=0, log_level="debug", log_format="json")
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


async def test_nothing_that_anybody_wrote_is_logged(talkative: Signaling) -> None:
    async with visiting(talkative) as visitors:
        secrets = await a_whole_visit(visitors)
    talkative.stop()
    lines = [line for line in talkative.greeting().splitlines() if line.startswith("{")]
    kinds = {json.loads(line)["event"] for line in lines}
    assert {"request", "message", "browser connected"} <= kinds, (
        "the server logged next to nothing: this test would prove nothing"
    )
    for line in lines:
        json.loads(line)
        for secret in (*CANARIES, "canary", "quennell", EMAIL, *secrets):
            assert secret not in line.lower() if secret in CANARIES else secret not in line, line
        assert not ADDRESS.search(line) and not TOKEN.search(line), line
    others = [line for line in talkative.greeting().splitlines() if not line.startswith("{")]
    assert not any("Traceback" in line or "canary" in line.lower() for line in others), others


async def a_whole_visit(visitors: Visitors) -> list[str]:
    """Everything that a person can write, each with a canary; returns the secrets that were used."""
    base, (name, reason, history, allergies, text, notes, agreed, step, *nonsense) = visitors.server.base, CANARIES
    hospital = await visitors.hospital()
    department = hospital["departments"][PAEDIATRICS]["id"]  # type: ignore[index]
    body = {
        "hospital": hospital["id"],
        "department": department,
        "name": name,
        "reason": reason,
        "language": "en",
        "email": EMAIL,
    }
    async with visitors.session.post(f"{base}/api/walk-ins", json=body, headers=CSRF) as response:
        seat, cookie = (await response.json())["seat"], "; ".join(f"{k}={m.value}" for k, m in response.cookies.items())
    patient = visitors.at(seat, cookie)
    await patient.come()
    await wait_for(lambda: "seat_state" in patient.states, 10, "the first state")
    intake = INTAKE | {"seat": seat, "reason": reason, "history": history, "allergies": allergies, "red_flags": ["stroke"]}
    assert (await patient.ask("intake_save", intake))["ok"]
    assert (await patient.ask("timeline_post", {"seat": seat, "key": "aaaaaaaaaaaa", "text": text}))["ok"]
    for wrong in ({"seat": nonsense[0]}, {"seat": seat, "text": 7}, nonsense[1]):
        assert not (await patient.ask("timeline_post", wrong))["ok"]  # type: ignore[arg-type]
    assert not (await patient.ask(nonsense[2], {}))["ok"]

    doctor = await on_duty(visitors)
    offer = await offered(doctor, patient.states["seat_state"]["consultation"])
    assert (await doctor.ask("offer_accept", {"offer": offer["id"]}))["ok"]
    own = await wait_for(lambda: doctor.states["desk_state"]["seat"], 10, "the doctor's seat")
    assert (await doctor.ask("notes_save", {"seat": own, "revision": 0, "notes": NOTES | {"assessment": notes}}))["ok"]
    assert not (await doctor.ask("notes_save", {"seat": own, "revision": 5, "notes": NOTES | {"advice": notes}}))["ok"]
    assert (await doctor.ask("notes_get", {"seat": own}))["ok"]
    summary = SUMMARY | {"agreed": [agreed], "next_step": step}
    assert (await doctor.ask("consultation_end", {"seat": own, "summary": summary}))["ok"]
    await wait_for(lambda: patient.states["seat_state"]["summary"] == summary, 10, "the summary")

    code = await visitors.server.authenticator.code("1005")
    guess = {"staff_number": "1005", "password": nonsense[3], "code": code}
    for attempt in (
        guess,
        guess | {"password": visitors.password(), "code": "918273"},
        guess | {"password": visitors.password()},
    ):
        async with visitors.session.post(f"{base}/api/staff/session", json=attempt, headers=CSRF) as response:
            await response.read()
    for path, sent in (("/api/links", {"email": EMAIL, "language": "en"}), ("/api/join", {"token": "A" * 43, "name": name})):
        async with visitors.session.post(base + path, json=sent, headers=CSRF | {"X-Forwarded-For": "198.51.100.77"}) as response:
            await response.read()
    async with visitors.session.get(f"{base}/visit/{nonsense[0]}?q={nonsense[1]}") as response:
        await response.read()
    given = [cookie.partition("=")[2], doctor._cookie.partition("=")[2]]
    return [visitors.password(), visitors.server.authenticator.secret, "918273", f'"{code}"', *given]
