"""Reports of browsers at the door."""

from typing import Any

from tests.integration.signaling.conftest import Visitors
from tests.processes import wait_for


async def test_a_report_is_taken_from_its_own_seat_alone_and_only_well_formed(visitors: Visitors) -> None:
    patient, seat, _ = await visitors.patient()
    _, others_seat, _ = await visitors.patient("Li Na")
    await patient.come()
    await wait_for(lambda: "seat_state" in patient.states, 20, "the patient's first state")
    report: dict[str, Any] = {"seat": seat, "limit_bps": 350_000, "path": "udp", "pictures": []}
    assert (await patient.ask("seat_quality", report))["ok"], "before a call it is dropped"
    refused = await patient.ask("seat_quality", {**report, "seat": others_seat})
    assert refused["error"]["code"] == "forbidden"
    for wrong in (
        {"path": "carrier pigeon"},
        {"limit_bps": -1},
        {"limit_bps": 10**12},
        {"pictures": [{"seat": seat, "frozen_ms": 10**9}]},
        {"pictures": [{"seat": seat, "frozen_ms": 1}] * 17},
        {"words": "free text"},
    ):
        refused = await patient.ask("seat_quality", {**report, **wrong})
        assert refused["error"]["code"] == "bad_message", wrong
