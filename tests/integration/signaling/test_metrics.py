"""What the operator's figures say after a consultation, and that they name nobody."""

import asyncio
import re
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.signaling.conftest import Visitors
from tests.integration.signaling.test_chart import in_line, offered, on_duty
from tests.processes import wait_for
from tests.signaling_process import Signaling

LABEL = re.compile(r"[a-z_]{0,40}|[hd]_[a-z2-7]{16}|\d{3}|[A-Z]{3,7}|/[a-z0-9_/.{}-]*|[0-9.e+-]+|\+Inf|none|other")
ADDRESS = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}")


async def figures(visitors: Visitors) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of `/metrics` by name and labels."""
    async with visitors.session.get(f"{visitors.server.base}/metrics") as response:
        assert response.status == 200
        text = await response.text()
    assert not ADDRESS.search(text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def value(visitors: Visitors, name: str, **labels: str) -> float:
    return (await figures(visitors)).get((f"consilium_{name}", tuple(sorted(labels.items()))), 0.0)


async def test_a_consultation_leaves_its_figures_and_no_name(visitors: Visitors) -> None:
    before = await figures(visitors)
    hospital: Any = await visitors.hospital()
    patient, seat = await in_line(visitors, "Canary Quennell")

    async def waits() -> bool:
        return await value(visitors, "waiting", hospital=hospital["id"]) >= 1

    await wait_for(waits, 10, "the gauge of those who wait")
    doctor = await on_duty(visitors)
    offer = await offered(doctor, patient.states["seat_state"]["consultation"])
    assert (await doctor.ask("offer_decline", {"offer": offer["id"]}))["ok"]
    assert (await doctor.ask("offer_decline", {"offer": offer["id"]}))["error"]["code"] == "offer_gone"
    assert (await patient.ask("nonsense canary", {"seat": seat}))["ok"] is False
    assert (await patient.ask("seat_leave", {"seat": seat}))["ok"]
    assert (await patient.ask("rating_set", {"seat": seat, "rating": "good"}))["ok"]
    assert (await doctor.ask("duty_set", {"departments": []}))["ok"]
    async with visitors.session.request("PROPFIND", visitors.server.base + "/nowhere") as response:
        assert response.status == 403

    after = await figures(visitors)

    def grew(name: str, **labels: str) -> float:
        key = (f"consilium_{name}", tuple(sorted(labels.items())))
        return after.get(key, 0.0) - before.get(key, 0.0)

    assert grew("offers_total", outcome="made") >= 1 and grew("offers_total", outcome="declined") == 1
    assert grew("offer_shown_seconds_count") >= 1
    assert grew("refusals_total", code="offer_gone") == 1 and grew("refusals_total", code="unknown_message") == 1
    assert grew("messages_total", message="unknown") == 1 and grew("messages_total", message="seat_leave") == 1
    assert grew("consultation_transitions_total", before="waiting", after="ended", reason="patient_left") == 1
    assert grew("ratings_total", rating="good") == 1
    assert grew("requests_total", method="POST", route="/api/walk-ins", status="201") == 1
    assert grew("requests_total", method="other", route="none", status="403") == 1
    assert after["consilium_measured", ()] == 1 and after["consilium_letters_waiting", ()] == 0
    assert after["process_open_fds", ()] > 0 and after["consilium_loop_lag_seconds_count", ()] > 0
    for (_, labels), _value in after.items():
        for _name, label in labels:
            assert LABEL.fullmatch(label), label


async def test_accepted_offers_and_calls_are_counted(visitors: Visitors) -> None:
    accepted = await value(visitors, "offers_total", outcome="accepted")
    patient, _ = await in_line(visitors)
    doctor = await on_duty(visitors)
    offer = await offered(doctor, patient.states["seat_state"]["consultation"])
    assert (await doctor.ask("offer_accept", {"offer": offer["id"]}))["ok"]
    assert await value(visitors, "offers_total", outcome="accepted") == accepted + 1

    async def counted() -> bool:
        return await value(visitors, "consultations", state="connecting") == 1

    await wait_for(counted, 10, "the call in the gauge")
    own = await wait_for(lambda: doctor.states["desk_state"]["seat"], 10, "the doctor's seat")
    assert (await doctor.ask("consultation_end", {"seat": own}))["ok"]
    assert (await doctor.ask("duty_set", {"departments": []}))["ok"]
    assert await value(visitors, "consultation_transitions_total", before="connecting", after="ended", reason="cancelled") >= 1


async def asked(visitors: Visitors, base: str, path: str, **headers: str) -> tuple[int, str]:
    async with visitors.session.get(base + path, headers=headers) as response:
        return response.status, await response.text()


async def test_figures_are_for_this_machine_alone_while_no_token_is_set(visitors: Visitors) -> None:
    """What a proxy passed on is the internet's: refused by its headers, or by the name that the browser asked for."""
    base = visitors.server.base
    for passed_on in ({"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}, {"Host": "care.example.org"}):
        status, body = await asked(visitors, base, "/metrics", **passed_on)
        assert (status, "consilium_" in body) == (403, False), passed_on
        status, body = await asked(visitors, base, "/health/ready", **passed_on)
        assert "parts" not in body and '"ready"' in body, "a balancer elsewhere learns up or down, and no more"
    status, body = await asked(visitors, base, "/metrics")
    assert (status, "consilium_waiting" in body) == (200, True)


async def test_figures_are_for_whoever_bears_the_token_where_one_is_set(visitors: Visitors) -> None:
    token = "a-token-of-the-operator"
    server = Signaling(workers=0, metrics_token=token)
    try:
        await asyncio.to_thread(server.start)
        for refused in ({}, {"Authorization": f"Bearer {token[:-1]}"}, {"Authorization": f"Basic {token}"}):
            status, body = await asked(visitors, server.base, "/metrics", **refused)
            assert (status, "consilium_" in body) == (403, False), refused
        through_a_proxy = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "192.0.2.7", "Host": "care.example.org"}
        status, body = await asked(visitors, server.base, "/metrics", **through_a_proxy)
        assert (status, "consilium_waiting" in body) == (200, True)
        status, body = await asked(visitors, server.base, "/health/ready", **through_a_proxy)
        assert '"database": true' in body
        assert token not in server.greeting()
    finally:
        server.discard()
