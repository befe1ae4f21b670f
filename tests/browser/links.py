"""A bad network between real browsers and the media workers, and second by second what the person at the browser had of it.

Each person's packets go through a proxy of their own (tests/netsim): a script in the page turns the ports of the relay's answer
into the proxy's, in any browser, and leaves everything else as it is.
"""

import asyncio
import contextlib
import json
import re
import socket
import time
from dataclasses import asdict, dataclass, fields
from typing import Any

from playwright.async_api import Browser, Error

from tests.browser.stage import Cast, Look, Person
from tests.netsim.proxy import Address, LinkProxy
from tests.processes import unused_port
from tests.signaling_process import REPOSITORY, Signaling

RESULTS = REPOSITORY / "test-results" / "links"

REDIRECT = r"""
((ports) => {
  const native = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    const sdp = description.sdp.replace(
      /^(a=candidate:\S+ 1 udp \d+ \S+) (\d+) /gm,
      (line, head, port) => (port in ports ? `${head} ${ports[port]} ` : line));
    return native.call(this, { type: description.type, sdp });
  };
})(PORTS);
"""

GLANCE = """
async () => {
  const seen = { frames: 0, packets: 0, heard: 0, energy: 0, received: 0, states: [] };
  for (const peer of window.__peers || []) {
    if (peer.connectionState === 'closed') continue;
    seen.states.push(peer.connectionState);
    for (const s of (await peer.getStats()).values()) {
      if (s.type !== 'inbound-rtp') continue;
      seen.received += s.bytesReceived || 0;
      if (s.kind === 'video') seen.frames += s.framesDecoded || 0;
      else {
        seen.packets += s.packetsReceived || 0; seen.energy += s.totalAudioEnergy || 0;
        seen.heard += ((s.totalSamplesReceived || 0) - (s.concealedSamples || 0)) / 48000;
      }
    }
  }
  const words = [...document.querySelectorAll('[role=status], [role=alert]')].map((each) => each.innerText.trim());
  seen.notices = [...document.querySelectorAll('[data-notice]')].map((each) => each.dataset.notice);
  seen.words = words.filter(Boolean).join(' | ').replace(/\\s+/g, ' ').slice(0, 160);
  return seen;
}
"""


@dataclass(frozen=True, slots=True)
class Second:
    """What one person had in one second. `frames` decoded, `packets` of sound received, seconds `heard` of what came (the
    decoder makes up the rest), `energy` of sound played."""

    at_s: float
    person: str
    frames: int
    packets: int
    heard: float
    energy: float
    kbit: int
    state: str
    notices: str
    words: str


class Witness:
    """Watches several people until it is closed; then what they saw stands in test-results/links as a table and as JSON."""

    def __init__(self, name: str, people: dict[str, Person]) -> None:
        self.seconds: list[Second] = []
        self.marks: list[tuple[float, str]] = []
        self._name = re.sub(r"\W+", "-", name).strip("-")
        self._people = people
        self._began = time.monotonic()
        self._last: dict[str, tuple[float, dict[str, Any]]] = {}
        self._tasks = [asyncio.create_task(self._watch(who)) for who in people]

    def mark(self, what: str) -> float:
        """Notes what was done to the network now; the moment in seconds."""
        self.marks.append((self.now, what))
        return self.now

    @property
    def now(self) -> float:
        return time.monotonic() - self._began

    def of(self, who: str, since: float = 0.0, until: float = float("inf")) -> list[Second]:
        """The seconds of one person that lie wholly in a span."""
        return [second for second in self.seconds if second.person == who and since + 1.0 <= second.at_s <= until]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{self._name}.md").write_text(self.table())
        rows = {"marks": self.marks, "seconds": [asdict(second) for second in self.seconds]}
        (RESULTS / f"{self._name}.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False))

    def table(self) -> str:
        names = [each.name for each in fields(Second)]
        lines = [f"# {self._name}", "", "| " + " | ".join(names) + " |", "| --- " * len(names) + "|"]
        events: list[tuple[float, str]] = [
            (second.at_s, "| " + " | ".join(_cell(getattr(second, name)) for name in names) + " |") for second in self.seconds
        ]
        events += [(at, f"| {at:.1f} | **{what}** |" + " |" * (len(names) - 2)) for at, what in self.marks]
        return "\n".join(lines + [line for _, line in sorted(events, key=lambda event: event[0])]) + "\n"

    async def _watch(self, who: str) -> None:
        while True:
            await self._glance(who)
            await asyncio.sleep(1.0)

    async def _glance(self, who: str) -> None:
        try:
            seen: dict[str, Any] = await self._people[who].page.evaluate(GLANCE)
        except Error:
            return  # the page is just being loaded
        at = self.now
        before = self._last.get(who)
        self._last[who] = (at, seen)
        if before is None:
            return

        def grown(what: str) -> float:
            """A new connection counts from nothing."""
            step = seen[what] - before[1][what]
            return float(step if step >= 0 else seen[what])

        self.seconds.append(
            Second(
                at_s=round(at, 1),
                person=who,
                frames=int(grown("frames")),
                packets=int(grown("packets")),
                heard=round(grown("heard"), 2),
                energy=round(grown("energy"), 4),
                kbit=round(grown("received") * 8 / 1000 / (at - before[0])),
                state=",".join(seen["states"]),
                notices=",".join(seen["notices"]),
                words=seen["words"],
            )
        )


def _cell(value: object) -> str:
    return str(value).replace("|", "/")


class LinkedCast(Cast):
    """People whose packets go through links of their own; `turn_ports` are the relayed ports of a TURN server beyond these."""

    def __init__(self, server: Signaling, name: str, media_ports: list[int], turn_ports: range = range(0)) -> None:
        super().__init__(server, name)
        self.media_ports = media_ports
        self._turn_ports = turn_ports
        self._links: dict[int, LinkProxy] = {}

    async def enter(self, browser: Browser, look: Look, *, phone: bool = False, language: str = "en") -> Person:
        person = await super().enter(browser, look, phone=phone, language=language)
        link = LinkProxy(self.media_ports, seed=1000 + len(self._links), exempt=self._is_turn)
        self._links[id(person)] = link
        await person.context.add_init_script(REDIRECT.replace("PORTS", json.dumps(link.ports)))
        return person

    def link(self, person: Person) -> LinkProxy:
        """The link between this person and the workers."""
        return self._links[id(person)]

    async def go_home(self) -> None:
        await super().go_home()
        for link in self._links.values():
            link.close()

    def _is_turn(self, address: Address) -> bool:
        return address[1] in self._turn_ports


def linked_server(workers: int = 1, **settings: str) -> tuple[Signaling, list[int]]:
    """A server whose workers have ports known beforehand."""
    for _ in range(50):
        first = unused_port()
        ports = [first + index for index in range(workers)]
        if all(_is_free(port) for port in ports):
            return Signaling(workers=workers, media_port=str(first), **settings), ports
    raise AssertionError("no free UDP ports in a row")


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", port))
        return True
    return False
