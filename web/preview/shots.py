"""Photographs preview screens: shots.py OUT [NAME…]. Needs `npm run preview`, Playwright and a Chromium on the path."""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = [
    "--use-fake-device-for-media-stream=fps=15",
    "--use-fake-ui-for-media-stream",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
]


PORT = os.environ.get("PREVIEW_PORT", "5199")


def main() -> int:
    """NAME is page[:lang[:scheme[:width[:height][:elder][:full]]]]."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=shutil.which("chromium"), chromium_sandbox=False, args=CHROMIUM)
        for name in sys.argv[2:]:
            page, lang, scheme, width, *more = [*name.split(":"), *["en", "light", ""][len(name.split(":")) - 1 :]]
            desk = page.startswith("desk")
            wide = int(width or (1440 if desk else 390))
            height = 900 if desk and wide > 760 else next((int(each) for each in more if each.isdigit()), 844)
            context = browser.new_context(
                viewport={"width": wide, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                has_touch=not desk,
            )
            tab = context.new_page()
            tab.on("pageerror", lambda error: print("ERROR", error))
            tab.on("console", lambda said: print("CONSOLE", said.text) if said.type == "error" else None)
            elder = "&elder" if "elder" in more else ""
            tab.goto(f"http://127.0.0.1:{PORT}/?page={page}&lang={lang}{elder}", wait_until="commit")
            tab.wait_for_selector("#app > *")
            tab.wait_for_timeout(
                14000 if "check-done" in page
                else 9000 if "stills" in page or "text" in page
                else 2600 if "call" in page or "flight" in page
                else 1800 if "lost" in page
                else 700
            )  # fmt: skip
            full = not desk and "call" not in page and "full" in more
            tab.screenshot(path=str(out / f"{name.replace(':', '-')}.png"), full_page=full)
            over = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
            if over > 0:
                print("WIDE", name, over)
            context.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
