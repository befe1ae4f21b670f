"""The archive's page in a real browser: found, watched in step with frames that decode, verified, held, exported."""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import av
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.inspection import AXE, SIDEWAYS, axe
from tests.integration.signaling.conftest import Visitors
from tests.integration.signaling.test_archive import acts
from tests.integration.signaling.test_timeline import paired, post
from tests.recordings import PictureCodec, Sealed, Vault, seal_recording
from tests.services import LOGS, kept
from tests.signaling_process import Signaling

SECONDS = 20
GAP = (8, 12)
WAIT_MS = 30_000

POSITIONS = """() => {
  const player = document.querySelector('.player');
  const elements = [...document.querySelectorAll('.player video, .player audio')];
  return { playing: player.dataset.playing, at: Number(player.dataset.at), waiting: player.dataset.waiting,
    media: elements.map((e) => ({ paused: e.paused, at: e.currentTime * 1000, error: e.error ? e.error.code : null })) };
}"""

FLASHES = """async () => {
  // Ten seconds of looking: when is each picture white? The recording flashes at every whole second.
  const videos = [...document.querySelectorAll('.player video')];
  const canvas = Object.assign(document.createElement('canvas'), { width: 8, height: 8 });
  const brush = canvas.getContext('2d', { willReadFrequently: true });
  const seen = videos.map(() => []);
  await Promise.all(videos.map((video, index) => new Promise((done) => {
    const began = performance.now();
    let before = false;
    const look = (_, frame) => {
      brush.drawImage(video, 0, 0, 8, 8);
      const white = brush.getImageData(4, 4, 1, 1).data[0] > 200;
      if (white && !before) seen[index].push([performance.now(), frame.mediaTime * 1000]);
      before = white;
      if (performance.now() - began > 6000) done(); else video.requestVideoFrameCallback(look);
    };
    setTimeout(done, 9000);
    video.requestVideoFrameCallback(look);
  })));
  return seen;
}"""


WITHOUT_H264 = """const all = MediaSource.isTypeSupported.bind(MediaSource);
MediaSource.isTypeSupported = (type) => !type.includes('mp4') && all(type);"""
"""A browser without the codec, as builds of Chromium and Firefox without licensed parts are."""
BROKEN_H264 = """const append = SourceBuffer.prototype.appendBuffer;
SourceBuffer.prototype.appendBuffer = function (data) {
  const head = new Uint8Array(data, 0, 8);
  if (head[4] === 0x66 && head[5] === 0x74) new Uint8Array(data).fill(0xff, 0, 200); // ftyp: an MP4 file
  append.call(this, data);
};"""
"""A browser that says it can, and then cannot."""


@dataclass
class Archived:
    """A consultation in the archive."""

    sealed: Sealed
    seat: str
    cookie: str

    @property
    def id(self) -> str:
        return self.sealed.manifest.recording


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest) -> Iterator[Signaling]:
    """A server whose calls are placed nowhere: the recordings are sealed by the tests."""
    service = Signaling(workers=0)
    try:
        service.start()
        yield service
    finally:
        service.discard(keep_log_in=kept(request))


@pytest.fixture
async def visitors(house: Signaling) -> AsyncIterator[Visitors]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        everybody = Visitors(house, session)
        try:
            yield everybody
        finally:
            for person in everybody.people:
                await person.leave()


async def archived(visitors: Visitors, codecs: tuple[PictureCodec, ...] = ("vp8",)) -> Archived:
    """A consultation with words, recorded for twenty seconds with a gap in the patient's picture."""
    async with paired(visitors) as (patient, doctor, seat, own):
        await post(patient.person, seat, 1, "I cough at night")
        began = time.time() - SECONDS / 2
        await post(doctor.person, own, 2, "Since when?")
        state = patient.person.states["seat_state"]
        assert (await doctor.person.ask("consultation_end", {"seat": own}))["ok"]
    hospital = str((await visitors.hospital())["id"])
    sealed = seal_recording(
        Vault(visitors.server.data), SECONDS,
        started_at=began, consultation=state["consultation"], hospital=hospital, doctor=own, patient=seat, gaps=(GAP,),
        codecs=codecs,
    )  # fmt: skip
    return Archived(sealed, seat, patient.person._cookie)


async def page_of(visitors: Visitors, browser: Browser, staff_number: str, **more: Any) -> tuple[BrowserContext, Page]:
    """The archive in the browser of somebody who is signed in."""
    cookie = await visitors.sign_in(staff_number)
    name, _, value = cookie.partition("=")
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, **more)
    await context.add_cookies([{"name": name, "value": value, "url": visitors.server.base}])
    page = await context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("close", lambda _: print("page errors:", broken) if broken else None)
    await page.goto(f"{visitors.server.base}/archive")
    return context, page


async def open_recording(page: Page, one: Archived) -> None:
    for _ in range(20):
        if await page.locator(f"[data-recording={one.id}]").count():
            break
        await page.reload()
        await page.wait_for_timeout(700)
    await page.locator(f"[data-recording={one.id}]").click()
    await page.locator(f"[data-recording-open={one.id}]").wait_for(timeout=WAIT_MS)


async def until(page: Page, holds: str) -> None:
    """Waits for something about the player. Our policy forbids the browser to evaluate what `wait_for_function` sends."""
    async with asyncio.timeout(60):
        while not await page.evaluate(f"document.querySelector('.player').dataset.{holds}"):
            await page.wait_for_timeout(100)


async def watch(page: Page) -> None:
    await page.locator("button[name=watch]").click()
    await page.locator("input[value=complaint]").check()
    await page.fill("#play-note", "2026-118")
    await page.locator("button[name=watch_now]").click()
    await page.locator(".player").wait_for(timeout=WAIT_MS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("codecs", [("vp8",), ("vp8", "h264")], ids=["vp8", "vp8-then-h264"])
async def test_watched_in_step_with_gaps_and_words(
    visitors: Visitors, chromium: Browser, codecs: tuple[PictureCodec, ...]
) -> None:
    one = await archived(visitors, codecs)
    context, page = await page_of(visitors, chromium, "1901")
    await open_recording(page, one)
    await page.locator("button[name=watch]").click()
    await page.locator("button[name=watch_now]").click()
    await expect(page.locator("#purpose-fault")).not_to_be_empty()  # no reason, no picture
    assert ("recording_played", "complaint") not in acts(visitors.server, one.id)
    await page.keyboard.press("Escape")
    await watch(page)
    assert ("recording_played", "complaint") in acts(visitors.server, one.id)
    await expect(page.locator(".watermark").first).to_contain_text("1901")
    await page.keyboard.press("k")
    await until(page, "at > 800")
    flashes = await page.evaluate(FLASHES)
    assert all(len(each) >= 3 for each in flashes), flashes
    apart = [min(abs(a[0] - b[0]) for b in flashes[1]) for a in flashes[0][:-1]]
    print("flashes of the two faces apart, ms:", [round(each) for each in apart])
    assert sorted(apart)[len(apart) // 2] < 150, apart
    now = await page.evaluate(POSITIONS)
    running = [each for each in now["media"] if not each["paused"]]
    assert len(running) >= 3 and all(each["error"] is None for each in now["media"])
    assert max(abs(each["at"] - now["at"]) for each in running) < 250, now

    # In the gap the patient's picture is away with its reason, and everybody else goes on.
    await page.locator("input[name=seek]").focus()
    await page.evaluate("document.querySelector('input[name=seek]').value = 9000")
    await page.locator("input[name=seek]").dispatch_event("input")
    await expect(page.locator(f"figure[data-seat={one.sealed.patient}]")).to_have_attribute("data-shown", "false")
    await expect(page.locator(f"figure[data-seat={one.sealed.patient}] .faceless")).to_contain_text("the network")
    await until(page, "at > 12500")
    await expect(page.locator(f"figure[data-seat={one.sealed.patient}]")).to_have_attribute("data-shown", "true")
    assert await page.locator("[data-gap=network] title").count() == 1
    await expect(page.locator(".lines-of")).to_contain_text("I cough at night")
    await expect(page.locator(".lines-of")).to_contain_text("after the visit had ended is not sealed")
    assert await page.locator("[data-entry][data-said=true]").count() >= 2
    await until(page, "playing === 'false'")
    assert (await page.evaluate(POSITIONS))["at"] == SECONDS * 1000
    await context.close()


@pytest.mark.timeout(300)
async def test_verified_held_and_exported(visitors: Visitors, chromium: Browser) -> None:
    one = await archived(visitors)
    context, page = await page_of(visitors, chromium, "1901", accept_downloads=True)
    await open_recording(page, one)
    await page.locator("button[name=verify]").click()
    await expect(page.locator("[data-verified]")).to_contain_text(str(len(one.sealed.manifest.segments)), timeout=WAIT_MS)
    await page.locator("input[name=hold]").click()
    await page.fill("#hold-reason", "case 118")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-recording-open]")).to_contain_text("case 118", timeout=WAIT_MS)
    await page.locator("button[name=classify]").click()
    await page.locator("dialog [data-answer=yes]").click()
    await expect(page.locator(".archive-one-head")).to_contain_text("Medical record", timeout=WAIT_MS)
    assert ("recording_classified", "medical_record") in acts(visitors.server, one.id)
    await page.locator("button[name=export]").click()
    await page.locator("input[value=patient_request]").check()
    await page.locator("button[name=export_now]").click()
    film = page.locator("[data-film]")
    await film.wait_for(timeout=150_000)
    async with page.expect_download() as told:
        await film.click()
    path = await (await told.value).path()
    data = await asyncio.to_thread(path.read_bytes)
    with av.open(io.BytesIO(data)) as file:
        assert len(list(file.decode(video=0))) == SECONDS * 20  # type: ignore[union-attr]
    await context.close()


@pytest.mark.timeout(300)
async def test_altered_says_where_and_the_rest_plays(visitors: Visitors, chromium: Browser) -> None:
    one = await archived(visitors)
    context, page = await page_of(visitors, chromium, "1901")
    await open_recording(page, one)
    bad = next(each for each in one.sealed.manifest.segments if each.kind == "video" and each.start_ms == 4000)
    file = one.sealed.folder / f"{bad.number:06d}.seg"
    data = bytearray(file.read_bytes())
    data[700] ^= 1
    file.write_bytes(data)
    await page.locator("button[name=verify]").click()
    await expect(page.locator(".verify")).to_contain_text(f"{bad.number:06d}.seg", timeout=WAIT_MS)
    await watch(page)
    await page.keyboard.press("k")
    await until(page, "at > 9000")
    await expect(page.locator(".player [role=alert]")).to_contain_text("altered")
    await context.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("script", "words"), [(WITHOUT_H264, "cannot show one of the pictures"), (BROKEN_H264, "could not read one of the tracks")]
)
async def test_a_browser_that_cannot_show_it_says_so_and_the_rest_plays(
    visitors: Visitors, chromium: Browser, script: str, words: str
) -> None:
    one = await archived(visitors, ("vp8", "h264"))
    context, page = await page_of(visitors, chromium, "1901")
    await context.add_init_script(script)
    await page.reload()
    await open_recording(page, one)
    await watch(page)
    await page.keyboard.press("k")
    await until(page, "at > 13000")  # past the change, which stands in nobody's way
    await expect(page.locator(".player [role=alert]")).to_contain_text(words)
    sounding = await page.evaluate("[...document.querySelectorAll('.player audio')].filter((each) => !each.paused).length")
    assert sounding == 2
    await context.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1440), ("zh", "dark", 1440), ("zh", "light", 390)])
async def test_nobody_is_kept_out(visitors: Visitors, chromium: Browser, language: str, scheme: Any, width: int) -> None:
    one = await archived(visitors)
    context, page = await page_of(visitors, chromium, "1901", color_scheme=scheme)
    await page.evaluate(f"localStorage.setItem('consilium.language', '{language}')")
    await page.set_viewport_size({"width": width, "height": 900})
    await page.reload()
    findings: list[str] = []

    async def look(where: str) -> None:
        await page.evaluate(axe())
        findings.extend(f"{where}: {each}" for each in await page.evaluate(AXE))
        if (over := await page.evaluate(SIDEWAYS)) is not None:
            findings.append(f"{where}: {over}")
        await page.screenshot(path=LOGS.parent / f"archive-{where}-{language}-{scheme}-{width}.png", full_page=width < 700)

    await page.locator(".archive-table").wait_for(timeout=WAIT_MS)
    await look("list")
    await open_recording(page, one)
    await look("one")
    await page.locator("button[name=watch]").click()
    await look("why")
    await page.keyboard.press("Escape")
    await watch(page)
    await page.keyboard.press("k")
    await until(page, "at > 1500")
    await page.keyboard.press("k")
    await look("playing")
    assert findings == []
    await context.close()


async def test_who_has_no_place_there_is_told(visitors: Visitors, chromium: Browser) -> None:
    context, page = await page_of(visitors, chromium, "1900")
    await page.locator("[data-screen=archive-refused]").wait_for(timeout=WAIT_MS)
    await context.close()
    context, page = await page_of(visitors, chromium, "1902")
    await page.goto(f"{visitors.server.base}/desk")
    await page.wait_for_url("**/archive", timeout=WAIT_MS)  # who keeps the archive has no desk
    assert await page.locator("#archive-name").count() == 0
    await context.close()
