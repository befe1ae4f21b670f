"""Takes the README's pictures: two scenes of the play that `make screenshots` photographs whole, with drawings in place of faces.

`.venv/bin/python -m tools.picture` writes docs/call.webp (the doctor's desk) and docs/call-phone.webp (the patient's phone).
"""

import asyncio
import sys

import cv2
import numpy as np

from tests.browser.chromium import chromium_with
from tests.browser.play.acts import perform
from tests.browser.play.stage import Scene
from tests.signaling_process import Signaling
from tools.steps import ROOT

PICTURES = {"desk-notes": "call.webp", "call": "call-phone.webp"}
QUALITY = 90  # small letters stay sharp, and each file stays under 200 kB
LARGEST_BYTES = 200_000


async def keep(scene: Scene) -> None:
    """Write the scene's picture if it is one of the README's; every other scene passes unseen."""
    if (name := PICTURES.get(scene.name)) is None:
        return
    page = scene.person.page
    await page.mouse.move(0, 0)
    await page.evaluate("document.activeElement?.blur()")
    taken = await page.screenshot(animations="disabled", caret="hide")
    picture = cv2.imdecode(np.frombuffer(taken, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError("the browser took no picture")
    done, webp = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    if not done or len(webp) > LARGEST_BYTES:
        raise ValueError(f"{name}: {len(webp)} bytes are too many for a README")
    (ROOT / "docs" / name).write_bytes(webp.tobytes())
    print(f"docs/{name}: {len(webp) // 1000} kB")


async def take(server: Signaling) -> None:
    """Play the act of the call once, in English."""
    async with chromium_with() as browser:
        await perform("call", server, browser, "en", keep)


def main() -> int:
    """Start a server, take the pictures, end it."""
    server = Signaling()
    try:
        server.start()
        asyncio.run(take(server))
    finally:
        server.discard()
    return 0


if __name__ == "__main__":
    sys.exit(main())
