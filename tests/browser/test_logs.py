"""A whole run at the most talkative level, from the entry to goodbye with a companion: nothing personal is in any log line."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser

from tests.browser.stage import Cast, sample_doctor
from tests.browser.test_call import end, everybody_sees_and_hears, pair
from tests.services import kept
from tests.signaling_process import Signaling

NAME = "Canary Quennell"
REASON = "canary itch on the elbow"
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
SDP = re.compile(r"a=(?:fingerprint|ice-pwd|candidate|ssrc)|m=(?:audio|video)|candidate:")
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@pytest.fixture
def talkative(request: pytest.FixtureRequest) -> Iterator[Signaling]:
    """A server that logs all it ever logs, as JSON."""
    service = Signaling(log_level="debug", log_format="json")
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


async def test_no_name_address_token_or_text_is_logged(talkative: Signaling, chromium: Browser) -> None:
    cast = Cast(talkative, "logs")
    cookies: list[str] = []
    try:
        doctor = await cast.doctor_on_duty(chromium)
        patient = await cast.patient_in_line(chromium, NAME, reason=REASON)
        await pair(doctor, patient)
        await everybody_sees_and_hears({NAME: patient, "An Ning": doctor})
        link = await doctor.invite("companion")
        for person in (doctor, patient):
            cookies += [cookie["value"] for cookie in await person.context.cookies()]
        await patient.page.reload(wait_until="commit")  # the ways of coming back are logged too
        await patient.page.wait_for_selector('[data-screen="call"]')
        await end(doctor, patient)
    finally:
        await cast.go_home()
    password = sample_doctor(talkative.greeting()).password
    talkative.stop()

    lines = [line for line in talkative.greeting().splitlines() if line.startswith("{")]
    assert len(lines) > 30, "the server logged next to nothing: this test would prove nothing"
    assert len(cookies) >= 2
    for line in lines:
        json.loads(line)  # one object a line, so that every line was looked at
        for secret in (NAME, "Quennell", "canary", "elbow", password, link.partition("#")[2], *cookies):
            assert secret not in line
        for pattern in (ADDRESS, SDP, TOKEN):
            assert not pattern.search(line), line
    others = [line for line in talkative.greeting().splitlines() if not line.startswith("{")]
    assert not any("Traceback" in line or "canary" in line.lower() for line in others), others
