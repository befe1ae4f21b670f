"""From the call to the archive: two browsers talk, both agree; it is recorded, found, watched in step, and exported.

They beep once a second: as of speech, of the silence between nothing is sent, and playing must not stand still at it."""

import asyncio
import io

import aiohttp
import av
import pytest
from playwright.async_api import Browser, expect

from recording.core import manifest as manifests
from tests.browser.beat import BEAT
from tests.browser.stage import Cast
from tests.browser.test_archive import POSITIONS, page_of, until, watch
from tests.browser.test_consent import SHEET, ask, called_in, lit
from tests.integration.signaling.conftest import Visitors
from tests.processes import wait_for

RECORDED_S = 12
WAIT_MS = 60_000
ONLY_H264 = """for (const kind of [RTCRtpSender, RTCRtpReceiver]) {
  const all = kind.getCapabilities.bind(kind);
  kind.getCapabilities = (media) => {
    const found = all(media);
    if (media === 'video') found.codecs = found.codecs.filter((codec) => !/vp8|vp9|av1/i.test(codec.mimeType));
    return found;
  };
}"""
"""A browser that has nothing else, as those who come from Apple's once had."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("codec", "scripts"), [("vp8", [BEAT]), ("h264", [BEAT, ONLY_H264])], ids=["vp8", "h264"])
async def test_a_recorded_call_is_found_watched_and_exported(
    chromium: Browser, cast: Cast, codec: str, scripts: list[str]
) -> None:
    cast.scripts.extend(scripts)
    doctor, patient = await called_in(chromium, chromium, cast)
    await ask(doctor)
    await patient.page.click(SHEET)
    await lit(doctor.page, patient.page)
    await doctor.page.wait_for_selector('[data-recording="on"][data-running="true"]', timeout=WAIT_MS)
    await asyncio.sleep(RECORDED_S)
    await doctor.hang_up()
    folder = max((cast.server.data / "recordings").glob("rc_*"), key=lambda path: path.stat().st_mtime)
    await wait_for(lambda: b'"state":"sealed"' in (folder / "manifest.json").read_bytes(), 60, "the recording is sealed")
    segments = manifests.decode((folder / "manifest.json").read_bytes()).segments
    assert {line.codec for line in segments if line.kind == "video"} == {codec}

    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        context, page = await page_of(Visitors(cast.server, session), chromium, "1901", accept_downloads=True)
    line = page.locator(f"[data-recording={folder.name}]")
    for _ in range(30):
        if await line.count():
            break
        await page.wait_for_timeout(1000)
        await page.reload()
        await page.locator(".archive-list").wait_for(timeout=WAIT_MS)
    await line.click()
    await page.locator("button[name=verify]").click()
    await expect(page.locator("[data-verified]")).to_be_visible(timeout=WAIT_MS)
    await watch(page)
    await page.keyboard.press("k")
    await until(page, "at > 6000")
    now = await page.evaluate(POSITIONS)
    running = [each for each in now["media"] if not each["paused"]]
    assert len(running) == 4, now
    assert all(each["error"] is None for each in now["media"])
    off = max(abs(each["at"] - now["at"]) for each in running)
    print(f"at {now['at']} ms four tracks are off the clock by {off:.0f} ms at most")
    assert off < 250
    frames = await page.evaluate(
        "[...document.querySelectorAll('.player video')].map((v) => v.getVideoPlaybackQuality().totalVideoFrames)"
    )
    assert min(frames) > 20, frames

    await page.locator("button[name=export]").click()
    await page.locator("input[value=patient_request]").check()
    await page.locator("button[name=export_now]").click()
    film = page.locator("[data-film]")
    await film.wait_for(timeout=200_000)
    async with page.expect_download() as told:
        await film.click()
    data = await asyncio.to_thread((await (await told.value).path()).read_bytes)
    with av.open(io.BytesIO(data)) as file:
        pictures = len(list(file.decode(video=0)))  # type: ignore[union-attr]
    assert pictures > RECORDED_S * 20 - 60
    await context.close()
