"""The acts by name, in the order of a visit, and how one is performed."""

from collections.abc import Awaitable, Callable

from playwright.async_api import Browser

from tests.browser.play import archive, before, call, elder, recording, staff
from tests.browser.play.stage import Language, Stage, Witness
from tests.browser.play.words import ALL
from tests.browser.stage import Cast
from tests.signaling_process import Signaling

ACTS: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "arrival": before.arrival,
    "link": before.link,
    "check": before.check,
    "way_out": before.way_out,
    "questions": before.questions,
    "waiting": before.waiting,
    "call": call.call,
    "recording": recording.recording,
    "archive": archive.archive,
    "elder": elder.elder,
    "weak": call.weak,
    "cut_short": call.cut_short,
    "sign_in": staff.sign_in,
    "desk": staff.desk,
    "triage": staff.triage,
}


async def perform(act: str, server: Signaling, browser: Browser, language: Language, witness: Witness) -> None:
    """Play one act in one language; whatever happens, nobody is left in line or in a call."""
    cast = Cast(server, f"{act}-{language}")
    stage = Stage(cast, browser, ALL[language], witness)
    async with stage.home:
        try:
            await ACTS[act](stage)
        finally:
            await cast.go_home()
