"""Photographs every screen: plays Consilium from link to goodbye in a real browser and takes each scene in every dress.

`make screenshots` writes test-results/screenshots: phones 360 and 390 px wide, desks 1180 and 1440, light and dark, in both
languages, the main scenes under 200 % zoom too, and index.html, where all of them stand side by side.
"""

import argparse
import asyncio
import html
import shutil
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from playwright.async_api import Page

from tests.browser.chromium import chromium_with
from tests.browser.play.acts import ACTS, perform
from tests.browser.play.stage import Language, Scene
from tests.signaling_process import Signaling
from tools.steps import ROOT

OUT = ROOT / "test-results" / "screenshots"
LANGUAGES: tuple[Language, ...] = ("en", "zh")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PHONES = ((390, 844), (360, 780))
DESKS = ((1440, 900), (1180, 820))
ZOOM = 2
TRIES = 2


@dataclass
class Album:
    """The pictures taken, by scene in the order of the play; wide ones are of a desk."""

    shots: dict[str, list[Path]] = field(default_factory=dict)
    overflowing: list[str] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    async def take(self, scene: Scene) -> None:
        """Photograph a scene in every dress and leave the page as it was."""
        page = scene.person.page
        usual = page.viewport_size
        await page.mouse.move(0, 0)  # nothing is hovered over
        for width, height in PHONES if scene.person.phone else DESKS:
            await page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                await page.emulate_media(color_scheme=scheme)
                await self._shoot(page, scene, f"{width}-{scheme}")
        await page.emulate_media(color_scheme="light")
        if scene.main:
            await self._zoomed(page, scene)
        if usual is not None:
            await page.set_viewport_size(usual)
        taken = len(self.shots[scene.name])
        print(f"  {time.monotonic() - self.begun:6.1f} s  {scene.language}  {scene.name} ({taken})", flush=True)

    async def _zoomed(self, page: Page, scene: Scene) -> None:
        """200 % of the browser's zoom: half as many CSS pixels."""
        width, height = PHONES[0] if scene.person.phone else DESKS[0]
        await page.set_viewport_size({"width": width // ZOOM, "height": height // ZOOM})
        await self._shoot(page, scene, "zoom200")

    async def _shoot(self, page: Page, scene: Scene, dress: str) -> None:
        await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        number = [*self.shots, scene.name].index(scene.name) + 1
        path = OUT / f"{number:02}-{scene.name}-{scene.language}-{dress}.png"
        await page.screenshot(path=path, animations="disabled", caret="hide")
        taken = self.shots.setdefault(scene.name, [])
        if path not in taken:  # an act that is played again takes its pictures anew
            taken.append(path)
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            self.overflowing.append(f"{path.name}: {wide} px too wide")

    def bind(self) -> None:
        """Write the contact sheet."""
        rows = []
        for name, paths in self.shots.items():
            pictures = "".join(
                f'<figure><a href="{path.name}"><img loading="lazy" src="{path.name}" alt="{html.escape(path.stem)}"></a>'
                f"<figcaption>{html.escape(path.stem.split(name + '-', 1)[1])}</figcaption></figure>"
                for path in paths
            )
            rows.append(f'<h2 id="{name}">{html.escape(name)}</h2><div>{pictures}</div>')
        index = "".join(f'<a href="#{name}">{html.escape(name)}</a> ' for name in self.shots)
        (OUT / "index.html").write_text(SHEET.format(index=index, rows="\n".join(rows)))


SHEET = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Consilium: every screen</title>
<style>body {{ font: 15px system-ui; margin: 24px; background: #777; color: #fff }}
div {{ display: flex; flex-wrap: wrap; gap: 16px }}
figure {{ margin: 0 }} img {{ height: 480px; display: block }} a {{ color: #fff }} nav {{ line-height: 2 }}</style>
<h1>Every screen</h1><nav>{index}</nav>{rows}</html>
"""


async def played(act: Callable[[], Awaitable[None]]) -> bool:
    """Play it, and if something did not come about once more: a machine that stood still spoils a scene, not the album."""
    for _ in range(TRIES):
        try:
            await act()
        except Exception:
            traceback.print_exc()
        else:
            return True
    return False


async def take_all(acts: list[str], languages: list[Language]) -> int:
    """Play and photograph; returns how many acts failed."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    album, failed = Album(), 0
    server = Signaling()
    try:
        await asyncio.to_thread(server.start)
        for act in acts:
            async with chromium_with() as browser:
                for language in languages:
                    print(f"{act}, {language}", flush=True)
                    failed += not await played(partial(perform, act, server, browser, language, album.take))
    finally:
        server.discard(keep_log_in=OUT if failed else None)
        album.bind()
    for line in album.overflowing:
        print(line)
    pictures = sum(len(paths) for paths in album.shots.values())
    print(f"{pictures} pictures of {len(album.shots)} scenes in {time.monotonic() - album.begun:.0f} s: {OUT / 'index.html'}")
    return failed + len(album.overflowing)


def main() -> int:
    """Take the pictures of all acts, or of those named; 0 when every scene came about and nothing stuck out at the side."""
    asked = argparse.ArgumentParser(description="photograph every screen")
    asked.add_argument("acts", nargs="*", help=f"only these: {', '.join(ACTS)}")
    asked.add_argument("--language", choices=LANGUAGES, action="append", help="only this language")
    chosen = asked.parse_args()
    return 1 if asyncio.run(take_all(chosen.acts or list(ACTS), chosen.language or list(LANGUAGES))) else 0


if __name__ == "__main__":
    sys.exit(main())
