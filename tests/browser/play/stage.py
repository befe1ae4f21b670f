"""What all acts of the play share: who looks, in which language, and how a crowd comes in without browsers."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import aiohttp
from playwright.async_api import Browser

from tests.browser.chromium import CHROMIUM_FLAGS, chromium_with
from tests.browser.play.words import Words
from tests.browser.stage import BLUE, GREEN, RED, Cast, Look, Person, confirm, sample_doctor
from tests.peers_signaling import CSRF, Speaker, sign_in, walk_in
from tests.processes import wait_for

ART = Path(__file__).parents[3] / "web" / "preview"
STEP_MS = 20_000
MIRRORED = "() => document.querySelector('.card-mirror video')?.videoWidth > 0"
SHARP_AFTER = 45  # frames: three seconds
IP_POLICY = ("force-webrtc-ip-handling-policy", "webrtc-ip-handling-policy")  # headless and headed listen to different ones

Language = Literal["en", "zh"]
Witness = Callable[["Scene"], Awaitable[None]]
"""Who is called at every scene and may look at the page as long as needed: the play stands still meanwhile."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One screen in one state. `main`: one of the few that are also looked at under 200 % zoom."""

    name: str
    person: Person
    language: Language
    main: bool = False


def drawn(name: str, look: Look) -> Look:
    """The same look with a drawn face, for pictures that people look at."""
    return replace(look, drawing=(ART / f"{name}.svg").read_text())


@dataclass
class Stage:
    """One performance of one act."""

    cast: Cast
    browser: Browser
    words: Words
    witness: Witness
    home: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def language(self) -> Language:
        return self.words.language

    async def show(self, name: str, person: Person, *, main: bool = False) -> None:
        """The scene is set: let it be looked at."""
        await self.witness(Scene(name, person, self.language, main))

    async def on_phone(self, look: Look = GREEN) -> Person:
        """Somebody with a phone, with a page that shows nothing yet."""
        return await self.cast.enter(self.browser, drawn("patient", look), phone=True, language=self.language)

    async def doctor(self, staff_number: str | None = None, *, on_duty: bool = True) -> Person:
        """A doctor at the desk."""
        look = drawn("doctor", BLUE)
        if on_duty:
            return await self.cast.doctor_on_duty(self.browser, look, staff_number, language=self.language)
        return await self.cast.at_desk(self.browser, look, staff_number, language=self.language)

    async def without_udp(self) -> Person:
        """Somebody whose network lets nothing through but the web: a browser of its own that may not use UDP."""
        flags = [*CHROMIUM_FLAGS, *(f"--{name}=disable_non_proxied_udp" for name in IP_POLICY)]
        browser = await self.home.enter_async_context(chromium_with(flags))
        return await self.cast.enter(browser, drawn("patient", GREEN), phone=True, language=self.language)

    async def sharpen(self, *people: Person) -> None:
        """Wait until everybody has seen some seconds of everybody else: an encoder begins coarse."""

        for person in people:
            await wait_for(partial(has_seen, person), 30, "a sharp picture")

    async def mirrored(self, *people: Person) -> None:
        """Wait until everybody sees their own picture behind the name card."""
        for person in people:
            await wait_for(partial(person.page.evaluate, MIRRORED), STEP_MS / 1000, "one's own picture behind the card")

    async def line_up(self, how_many: int, department: str) -> list[Speaker]:
        """Patients without browsers take places in the department that a staff number belongs to; they told their story."""
        people = []
        base = self.cast.server.base
        async with aiohttp.ClientSession() as session:
            hospital, where = await self._department(session, department)
            for name, year, reason, extra in self.words.crowd[:how_many]:
                seat, cookie = await walk_in(session, base, hospital, where, name, birth_year=year, reason=reason)
                person = Speaker({"audience": "seat", "seat": seat, "protocol": 1}, cookie, [base])
                self.home.push_async_callback(leave_line, person, seat)
                await person.come()
                await seated(person)
                intake = {"seat": seat, "reason": reason, "history": "", "allergies": "", "red_flags": [], "done": True}
                assert (await person.ask("intake_save", intake | extra))["ok"]
                people.append(person)
        return people

    async def colleague(self, staff_number: str) -> Speaker:
        """Another doctor at a desk, without a browser; not on duty yet."""
        server = self.cast.server
        if staff_number not in server.sessions:
            async with aiohttp.ClientSession() as session:
                code = await server.authenticator.code(staff_number)
                password = sample_doctor(server.greeting()).password
                server.sessions[staff_number] = await sign_in(session, server.base, staff_number, password, code)
        speaker = Speaker({"audience": "desk", "protocol": 1}, server.sessions[staff_number], [server.base])
        self.home.push_async_callback(speaker.leave)
        await speaker.come()
        await wait_for(lambda: "desk_state" in speaker.states, 10, "the colleague's desk to open")
        return speaker

    def earlier_visits(self, departments: Sequence[str], seconds: Sequence[float]) -> None:
        """Let the departments have had visits of these lengths today: what an honest interval is told from.

        Played, they would take their minutes. Written as a turn of another process: the queue's version goes up by one.
        """
        with closing(sqlite3.connect(self.cast.server.data / "consilium.sqlite", timeout=10)) as database, database:
            for hospital, known in database.execute("SELECT hospital, lengths FROM queue_line").fetchall():
                lengths = json.dumps(json.loads(known) | {department: list(seconds) for department in departments})
                row = (lengths, hospital)
                database.execute("UPDATE queue_line SET lengths = ?, version = version + 1 WHERE hospital = ?", row)

    async def departments_of(self, staff_number: str) -> list[str]:
        """The departments that a colleague may take patients of."""
        server = self.cast.server
        cookie = {"Cookie": server.sessions[staff_number]}
        async with aiohttp.ClientSession() as session, session.get(f"{server.base}/api/staff/session", headers=cookie) as answer:
            return [department["id"] for department in (await answer.json())["departments"]]

    async def offer_at(self, desk: Speaker) -> dict[str, Any]:
        """Wait for an offer on a desk without a browser."""
        await wait_for(lambda: desk.states["desk_state"]["offer"], 10, "an offer on the colleague's desk")
        offer: dict[str, Any] = desk.states["desk_state"]["offer"]
        return offer

    async def _department(self, session: aiohttp.ClientSession, name: str) -> tuple[str, str]:
        async with session.get(f"{self.cast.server.base}/api/hospitals", headers=CSRF) as answer:
            hospitals: list[dict[str, Any]] = (await answer.json())["hospitals"]
        return next((h["id"], d["id"]) for h in hospitals for d in h["departments"] if d["name"]["en"] == name)


async def has_seen(person: Person) -> bool:
    """Whether each picture that comes in has run for some seconds."""
    pictures = [track for track in (await person.stats())["inbound"] if track["kind"] == "video"]
    return bool(pictures) and all(track["frames"] > SHARP_AFTER for track in pictures)


async def seated(person: Speaker) -> None:
    """Wait until somebody without a browser has been told their state."""
    await wait_for(lambda: "seat_state" in person.states, 10, "somebody of the crowd to sit down")


async def leave_line(person: Speaker, seat: str) -> None:
    """A patient of the crowd gives up the place, so that the next act finds an empty waiting room."""
    async with asyncio.timeout(10):
        await person.ask("seat_leave", {"seat": seat})
    await person.leave()


__all__ = ["BLUE", "GREEN", "RED", "STEP_MS", "Language", "Scene", "Stage", "Witness", "confirm", "drawn", "leave_line"]
