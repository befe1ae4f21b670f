"""Files that pretend, explode, hide something or fall apart: what the reader of headers and the decoding process make of them."""

import asyncio
import os
import resource
import signal
import struct
import time
from collections.abc import AsyncIterator

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Unavailable, UserError
from signaling.pictures import header
from signaling.pictures.header import Unfit
from signaling.pictures.inspection import inspect
from signaling.pictures.orders import Order, Rendered
from signaling.pictures.workshop import Workshop, WorkshopSize
from tests.adversarial import pictures

KINDS = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
CANARY = b"52.5200N-13.4050E-canary-street"
UPRIGHT = "RGBW"
SHOWN = {1: "RGBW", 2: "GRWB", 3: "WBGR", 4: "BWRG", 5: "RBGW", 6: "BRWG", 7: "WGBR", 8: "GWRB"}
"""What is shown of red green / blue white stored, by CIPA DC-008: 6, for one, is turned a quarter clockwise."""


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    made = Workshop(WorkshopSize(workers=1, waiting=4, limit_s=45))
    yield made
    await made.stop()


async def render(workshop: Workshop, data: bytes, kind: str = "image/jpeg") -> Rendered:
    async def load() -> bytes:
        return data

    return await workshop.render(load, Order(kind))


async def code_of(workshop: Workshop, data: bytes, kind: str = "image/jpeg") -> str:
    with pytest.raises(UserError) as refused:
        await render(workshop, data, kind)
    return refused.value.code


def claim(data: bytes, kind: str = "image/jpeg") -> str:
    """What the reader of headers says; the size when it takes the picture."""
    try:
        found = inspect(data, kind)
    except Unfit as unfit:
        return unfit.code
    return f"{found.width}x{found.height}"


async def test_a_process_that_died_while_it_waited_costs_the_next_picture_nothing(workshop: Workshop) -> None:
    picture = pictures.encoded(pictures.photo())
    await render(workshop, picture)
    (idle,) = workshop._idle
    idle.kill()
    await idle.wait()
    assert (await render(workshop, picture)).width == 640


@pytest.mark.parametrize(("suffix", "kind"), KINDS.items())
async def test_each_kind_becomes_a_jpeg_with_its_pixels(workshop: Workshop, suffix: str, kind: str) -> None:
    made = await render(workshop, pictures.encoded(pictures.photo(), suffix), kind)
    assert (made.width, made.height) == (640, 480)
    for data, width in ((made.content, 640), (made.thumbnail, 320)):
        assert data.startswith(b"\xff\xd8\xff")
        image = pictures.decoded(data)
        assert image.shape[1] == width and pictures.quarters(image) == UPRIGHT


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_every_orientation_is_turned_upright(workshop: Workshop, orientation: int) -> None:
    stored = pictures.photo(200, 100)
    tiff = pictures.exif(orientation, CANARY, "<" if orientation % 2 else ">")
    jpeg = pictures.with_segment(pictures.encoded(stored), 0xE1, b"Exif\0\0" + tiff)
    png = pictures.with_chunk(pictures.encoded(stored, ".png"), b"eXIf", tiff)
    exif_chunk = b"EXIF" + struct.pack("<I", len(tiff)) + tiff + b"\0" * (len(tiff) % 2)
    webp = pictures.webp_extended(pictures.encoded(stored, ".webp"), 200, 100, exif_chunk, 0x08)
    theirs = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)  # OpenCV turns it by itself: a second opinion
    assert theirs is not None and pictures.quarters(theirs) == SHOWN[orientation]
    for data, kind in ((jpeg, "image/jpeg"), (png, "image/png"), (webp, "image/webp")):
        assert CANARY in data
        made = await render(workshop, data, kind)
        assert (made.width, made.height) == ((200, 100) if orientation < 5 else (100, 200))
        for content in (made.content, made.thumbnail):
            assert pictures.quarters(pictures.decoded(content)) == SHOWN[orientation]
            assert CANARY not in content and b"Exif" not in content and b"GPS" not in content


async def test_what_is_transparent_becomes_white_and_sixteen_bits_become_eight(workshop: Workshop) -> None:
    clear = np.dstack([pictures.photo(), np.full((480, 640), 255, np.uint8)])
    clear[:240, :320, 3] = 0
    for suffix, kind, options in (
        (".png", "image/png", ()),
        (".webp", "image/webp", (cv2.IMWRITE_WEBP_QUALITY, 101)),
        (".webp", "image/webp", (cv2.IMWRITE_WEBP_QUALITY, 90)),
    ):
        made = await render(workshop, pictures.encoded(clear, suffix, *options), kind)
        assert pictures.quarters(pictures.decoded(made.content)) == "WGBW"
    deep = clear.astype(np.uint16) * 257
    made = await render(workshop, pictures.encoded(deep, ".png"), "image/png")
    assert pictures.quarters(pictures.decoded(made.content)) == "WGBW"
    grey = np.full((50, 60), 40000, np.uint16)
    image = pictures.decoded((await render(workshop, pictures.encoded(grey, ".png"), "image/png")).content)
    assert abs(int(image.mean()) - 40000 // 257) <= 1


async def test_a_large_photograph_is_made_smaller_in_proportion(workshop: Workshop) -> None:
    began = time.monotonic()
    made = await render(workshop, pictures.encoded(pictures.photo(8160, 6120)))  # 50 megapixels
    print(f"50 megapixels: {time.monotonic() - began:.1f} s, {len(made.content) / 1000:.0f} kB")
    assert (made.width, made.height) == (2560, 1920)
    assert pictures.quarters(pictures.decoded(made.content)) == UPRIGHT
    assert pictures.decoded(made.thumbnail).shape == (240, 320, 3)
    wide = await render(workshop, pictures.encoded(pictures.photo(20000, 4)))
    assert (wide.width, wide.height) == (2560, 1)


# --- what pretends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("declared", KINDS.values())
def test_a_wrong_name_is_refused(suffix: str, declared: str) -> None:
    data = pictures.encoded(pictures.photo(), suffix)
    assert claim(data, declared) == ("640x480" if KINDS[suffix] == declared else "picture_type")


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg/>",
        b"GIF89a" + bytes(100),
        b"BM" + bytes(100),
        b"%PDF-1.4\n",
        b"\0\0\0\x18ftypheic" + bytes(100),
        b"<html>" + bytes(20),
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"",
        b"\xff\xd8",
    ],
)
@pytest.mark.parametrize("declared", KINDS.values())
def test_what_is_no_picture_is_refused(data: bytes, declared: str) -> None:
    assert claim(data, declared) == "picture_type"


def test_what_is_a_picture_and_something_else_is_refused() -> None:
    jpeg = pictures.encoded(pictures.photo())
    png, webp = pictures.encoded(pictures.photo(), ".png"), pictures.encoded(pictures.photo(), ".webp")
    archive = b"PK\x03\x04" + bytes(60) + b"PK\x05\x06" + bytes(18)
    for page in (b"<html><script>x</script>", b"<SCRIPT src=x>", b"<?php system(1)?>", b"%PDF-1.7", archive):
        assert claim(pictures.with_segment(jpeg, 0xFE, page)) == "picture_type"
        assert claim(pictures.with_segment(jpeg, 0xE1, page)) == "picture_type"
        assert claim(jpeg + page) == "picture_type"
        assert claim(png + page, "image/png") == "picture_type"
        assert claim(webp + page, "image/webp") == "picture_type"
        assert claim(page + jpeg) == "picture_type"


async def test_a_film_behind_a_photograph_is_left_out(workshop: Workshop) -> None:
    film = b"\0\0\0\x18ftypmp42" + CANARY * 100
    data = pictures.encoded(pictures.photo()) + film
    assert claim(data) == "640x480" and film not in inspect(data, "image/jpeg").bare
    assert CANARY not in (await render(workshop, data)).content


# --- what explodes -----------------------------------------------------------------------------------------------------


def test_a_bomb_is_refused_by_its_header() -> None:
    for width, height, depth, colour in (
        (50_000, 50_000, 8, 2), (50_000, 50_000, 1, 0), (30_001, 1, 8, 2), (7_100, 7_100, 8, 2), (6_000, 6_000, 16, 6),
        (2**31 - 1, 2**31 - 1, 8, 6), (30_000, 30_000, 1, 3),
    ):  # fmt: skip
        bomb = pictures.png_bomb(width, height, depth, colour)
        began = time.thread_time()  # what it takes of the processor: how busy the machine is does not count
        assert claim(bomb, "image/png") == "picture_dimensions"
        assert time.thread_time() - began < 0.5
    jpeg = bytearray(pictures.encoded(pictures.photo()))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 50_000, 50_000)
    assert claim(bytes(jpeg)) == "picture_dimensions"
    webp = bytearray(pictures.encoded(pictures.photo(), ".webp", cv2.IMWRITE_WEBP_QUALITY, 80))
    at = webp.index(b"\x9d\x01\x2a")
    webp[at + 3 : at + 7] = struct.pack("<HH", 16_383, 16_383)
    assert claim(bytes(webp), "image/webp") == "picture_dimensions"


async def test_a_bomb_that_is_all_there_costs_nothing(workshop: Workshop) -> None:
    """2.5 gigapixels in 7 MB, really deflated: never unpacked."""
    bomb = pictures.png_bomb(50_000, 50_000, 8, 0, rows=2_000)
    began = time.monotonic()
    assert await code_of(workshop, bomb, "image/png") == "picture_dimensions"
    assert time.monotonic() - began < 5
    assert await render(workshop, pictures.encoded(pictures.photo())), "and the process goes on"


async def test_the_largest_that_is_taken_fits_into_the_limit(workshop: Workshop) -> None:
    began = time.monotonic()
    data = pictures.png_bomb(7_000, 7_000, 8, 6, rows=7_000)
    assert (await render(workshop, data, "image/png")).width == 2560
    print(f"49 megapixels with alpha: {time.monotonic() - began:.1f} s")
    assert (await render(workshop, pictures.png_bomb(4_900, 4_900, 16, 6, rows=4_900), "image/png")).width == 2560


def test_a_jpeg_with_a_thousand_scans_is_refused() -> None:
    data = pictures.encoded(pictures.photo(64, 64), ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    at = data.rindex(b"\xff\xda")
    scan = data[at:-2]
    assert claim(data) == "64x64"
    assert claim(data[:-2] + scan * 1000 + b"\xff\xd9") == "picture_broken"


# --- what is broken ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suffix", "kind"), KINDS.items())
async def test_a_truncated_file_is_refused_wherever_it_was_cut(workshop: Workshop, suffix: str, kind: str) -> None:
    data = pictures.encoded(pictures.photo(64, 64), suffix)
    for length in (*range(16, len(data), 37), len(data) - 1):
        assert claim(data[:length], kind) in ("picture_broken", "picture_type")
    assert await code_of(workshop, data[: len(data) // 2], kind) == "picture_broken"


@pytest.mark.parametrize(("suffix", "kind"), KINDS.items())
@given(st.data())
def test_no_file_makes_the_reader_fall(suffix: str, kind: str, data: st.DataObject) -> None:
    """Bytes changed, cut, doubled or shuffled: a header, or Unfit; whatever passes keeps within the bounds."""
    raw = bytearray(pictures.encoded(pictures.photo(32, 24), suffix))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(2, len(raw) - 1))
        match data.draw(st.sampled_from("xcdz")):
            case "x":
                raw[at] = data.draw(st.integers(0, 255))
            case "c":
                del raw[at : at + data.draw(st.integers(1, 40))]
            case "d":
                raw[at:at] = raw[at : at + data.draw(st.integers(1, 40))]
            case _:
                raw[at:at] = data.draw(st.binary(max_size=40))
        if len(raw) < 20:
            return
    try:
        found = inspect(bytes(raw), kind)
    except Unfit as unfit:
        assert unfit.code in ("picture_type", "picture_dimensions", "picture_broken")
    else:
        assert 0 < found.width * found.height <= header.MOST_PIXELS and 1 <= found.orientation <= 8
        assert len(found.bare) <= len(raw) + 20


@given(st.binary(max_size=300))
def test_no_exif_makes_the_reader_fall(tiff: bytes) -> None:
    assert 1 <= header.orientation(tiff) <= 8
    assert 1 <= header.orientation(b"II*\0\x08\0\0\0" + tiff) <= 8


async def test_damaged_pixels_cost_one_picture_each(workshop: Workshop) -> None:
    """Two hundred pictures with bytes changed at random, through the decoder itself: each is made or refused."""
    rng = np.random.default_rng(7)
    whole = {kind: pictures.encoded(pictures.photo(160, 120), suffix) for suffix, kind in KINDS.items()}
    outcomes = {"made": 0, "picture_broken": 0, "picture_type": 0, "picture_dimensions": 0}
    for number in range(200):
        kind = list(whole)[number % 3]
        raw = bytearray(whole[kind])
        for at in rng.integers(20, len(raw), 3):
            raw[at] = rng.integers(0, 256)
        try:
            made = await render(workshop, bytes(raw), kind)
        except UserError as refused:
            outcomes[refused.code] += 1
        else:
            assert max(made.width, made.height) <= 2560
            outcomes["made"] += 1
    print(outcomes)
    assert outcomes["made"] > 20 and outcomes["picture_broken"] > 20


# --- the process -------------------------------------------------------------------------------------------------------


async def test_a_process_that_is_killed_costs_the_picture_in_hand(workshop: Workshop) -> None:
    await render(workshop, pictures.encoded(pictures.photo()))
    (process,) = workshop._alive
    os.kill(process.pid, signal.SIGSTOP)
    hanging = asyncio.create_task(code_of(workshop, pictures.encoded(pictures.photo())))
    await asyncio.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    assert await asyncio.wait_for(hanging, 5) == "picture_broken"
    assert (await render(workshop, pictures.encoded(pictures.photo()))).width == 640


async def test_a_process_that_hangs_is_ended() -> None:
    workshop = Workshop(WorkshopSize(workers=1, waiting=0, limit_s=2))
    try:
        await render(workshop, pictures.encoded(pictures.photo()))
        (process,) = workshop._alive
        os.kill(process.pid, signal.SIGSTOP)
        began = time.monotonic()
        assert await code_of(workshop, pictures.encoded(pictures.photo())) == "picture_broken"
        assert time.monotonic() - began < 4
        assert process.returncode is not None
    finally:
        await workshop.stop()


async def test_its_limits_hold(workshop: Workshop) -> None:
    await render(workshop, pictures.encoded(pictures.photo()))
    (process,) = workshop._alive
    for limit, value in ((resource.RLIMIT_AS, 1 << 30), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        assert resource.prlimit(process.pid, limit) == (value, value)


async def test_who_comes_when_it_is_full_is_told_to_come_back() -> None:
    workshop = Workshop(WorkshopSize(workers=1, waiting=1, limit_s=20))
    gate = asyncio.Event()

    async def slowly() -> bytes:
        await gate.wait()
        return pictures.encoded(pictures.photo())

    try:
        two = [asyncio.create_task(workshop.render(slowly, Order("image/jpeg"))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable) as busy:
            await workshop.render(slowly, Order("image/jpeg"))
        assert busy.value.code == "pictures_busy"
        gate.set()
        assert [made.width for made in await asyncio.gather(*two)] == [640, 640]
        assert len(workshop._alive) == 1
    finally:
        await workshop.stop()


async def test_idle_processes_end_by_themselves() -> None:
    workshop = Workshop(WorkshopSize(workers=1, waiting=0, limit_s=20, idle_s=0.2))
    await render(workshop, pictures.encoded(pictures.photo()))
    (process,) = workshop._alive
    assert await asyncio.wait_for(process.wait(), 5) == 0
    assert (await render(workshop, pictures.encoded(pictures.photo()))).width == 640
    await workshop.stop()
