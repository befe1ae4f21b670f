"""A patient whose network lets nothing through but a TURN server's IPv6 address: a real coturn, in both browsers.

With the relayed address on IPv4, as coturn gives it to everybody by itself, and on IPv6, for workers that are reached so alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.stage import Cast, Person
from tests.browser.test_call import pair
from tests.browser.test_links import see_and_hear
from tests.processes import wait_for
from tests.services import Coturn, kept
from tests.signaling_process import Signaling

LOOPBACK_6 = "::1"

RELAY_ALONE = """
(() => {
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(configuration) { super({ ...configuration, iceTransportPolicy: 'relay' }); }
  };
})();
"""

PATHS = """
async () => {
  const found = [];
  for (const peer of window.__peers) {
    if (peer.connectionState !== 'connected') continue;
    const report = await peer.getStats();
    const used = [...report.values()].find((s) => s.type === 'transport')?.selectedCandidatePairId;
    for (const s of report.values())
      if (s.type === 'candidate-pair' && (used === undefined ? s.selected : s.id === used)) {
        const local = report.get(s.localCandidateId);
        found.push({ type: local.candidateType, address: local.address, received: s.bytesReceived, sent: s.bytesSent });
      }
  }
  return found;
}
"""


@dataclass(frozen=True)
class Way:
    """A TURN server that is reached by IPv6 alone, and the address on which it reaches the workers."""

    turn: Coturn
    relayed: str

    @property
    def url(self) -> str:
        return f"turn:[{LOOPBACK_6}]:{self.turn.port}"


@pytest.fixture(params=["127.0.0.1", LOOPBACK_6])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    on_6 = request.param == LOOPBACK_6
    more = (f"--relay-ip={LOOPBACK_6}", "--allocation-default-address-family=ipv6") if on_6 else ()
    service = Coturn(f"--listening-ip={LOOPBACK_6}", *more, allow_peers=(request.param,))
    try:
        service.start()
        yield Way(service, request.param)
    finally:
        service.discard(keep_log_in=kept(request))


async def paths(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await person.page.evaluate(PATHS)
    return found


async def test_a_call_whose_patient_has_turn_over_ipv6_alone(
    patients_browser: Browser, chromium: Browser, way: Way, request: pytest.FixtureRequest
) -> None:
    server = Signaling(turn_urls=way.url, turn_secret=way.turn.secret, media_addresses=f"127.0.0.1,{LOOPBACK_6}")
    try:
        server.start()
        cast = Cast(server, request.node.name)
        try:
            doctor = await cast.doctor_on_duty(chromium)
            cast.scripts.append(RELAY_ALONE)
            patient = await cast.patient_in_line(patients_browser, "Bai Yun")
            await pair(doctor, patient)
            await see_and_hear(patient, doctor)
            [path] = await wait_for(lambda: paths(patient), 10, "the path in use")
            assert (path["type"], path["address"]) == ("relay", way.relayed), path
            assert path["received"] > 0, path
            assert path["sent"] > 0, path
        finally:
            await cast.go_home()
    finally:
        server.discard(keep_log_in=kept(request))
