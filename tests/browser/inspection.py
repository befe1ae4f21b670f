"""What must hold on every screen: axe finds nothing serious, nothing sticks out sideways, targets are large enough for a thumb,
the keyboard reaches everything and shows where it is, nothing moves for those who asked for stillness.

axe-core is run as it comes from npm (pinned in web/package.json): its wrapper for Python carries an older one, and the wrapper of
the same makers drives Node's Playwright only.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from playwright.async_api import Page

from tests.browser.play.stage import Scene
from tests.services import REPOSITORY

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
NARROW = {True: (360, 320, 195), False: (1180, 720)}
"""Widths by whether it is a phone; the last of each is 200 % zoom of the usual width."""
TARGET_PX = 48
TABS_AT_MOST = 120

AXE = """async () => {
  const rules = { 'target-size': { enabled: true } };
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  // What stays at the edge covers, at this scroll, what can be scrolled out from under it: that is no small target.
  const staying = [...document.querySelectorAll('body *')].filter((e) => getComputedStyle(e).position === 'sticky');
  for (const e of staying) e.style.position = 'static';
  const { violations } = await axe.run(document, { runOnly: { type: 'tag', values: tags }, rules, resultTypes: ['violations'] });
  for (const e of staying) e.style.position = '';
  return violations.filter((each) => ['serious', 'critical'].includes(each.impact))
    .map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ')}`);
}"""

SIDEWAYS = """() => {
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over <= 0) return null;
  const widest = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 3).map((e) => e.tagName.toLowerCase() + '.' + e.className);
  return `${over} px: ${widest.join(', ')}`;
}"""

CONTROLS = """
const CONTROL = 'a[href], button, input, select, textarea, summary, [role=switch], [tabindex="0"]';
const open = [...document.querySelectorAll('dialog[open]')].pop();
const shown = (e) => {
  const box = e.getBoundingClientRect();
  const style = getComputedStyle(e);
  return box.width > 1 && box.height > 1 && style.visibility === 'visible' && !e.closest('[inert], .sr, [hidden]')
    && (open === undefined || open.contains(e));
};
const named = (e) => `${e.tagName.toLowerCase()}.${e.className} "${(e.innerText || e.ariaLabel || e.name || '').slice(0, 20)}"`;
const controls = () => [...document.querySelectorAll(CONTROL)].filter((e) => shown(e) && e.type !== 'hidden');
"""

SMALL = (
    "(least) => {"
    + CONTROLS
    + """
  const inText = (e) => e.matches('a[href], .btn-link') && getComputedStyle(e).display === 'inline';
  const target = (e) => (e.matches('input[type=checkbox], input[type=radio], input[type=file]') && e.closest('label')) || e;
  return controls().filter((e) => !inText(e) && !e.disabled && !e.matches('.skip')).map(target).filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width < least - 0.5 || box.height < least - 0.5;
  }).map((e) => {
    const box = e.getBoundingClientRect();
    return `${named(e)} ${box.width.toFixed(0)}x${box.height.toFixed(0)}`;
  });
}"""
)

UNREACHED = (
    "() => {"
    + CONTROLS
    + """
  const group = (e) => e.type === 'radio' ? document.querySelectorAll(`input[name="${e.name}"]`) : [];
  return controls().filter((e) => e.tabIndex >= 0 && !e.disabled && !e.dataset.tabbed
    && ![...group(e)].some((other) => other.dataset.tabbed))
    .map(named);
}"""
)

FOCUSED = """() => {
  const e = document.activeElement;
  if (e === null || e === document.body) return null;
  const within = e === window.__focused;  // a date is three fields in one
  const again = e.dataset.tabbed === 'yes' && !within;
  e.dataset.tabbed = 'yes';
  window.__focused = e;
  const places = [e, e.closest('label'), e.parentElement, e.nextElementSibling].filter(Boolean);
  const outlined = (style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  const ring = places.map((each) => getComputedStyle(each)).some((style) => outlined(style) || style.boxShadow !== 'none');
  return { again, within, ring, what: `${e.tagName.toLowerCase()}.${e.className}` };
}"""

MOVING = """() => {
  const long = (text) => text.split(',').some((part) => parseFloat(part) > 0.011);
  const moving = [...document.querySelectorAll('body *')].filter((e) => {
    const style = getComputedStyle(e);
    return (style.animationName !== 'none' && long(style.animationDuration)) || long(style.transitionDuration);
  });
  return moving.slice(0, 3).map((e) => `${e.tagName.toLowerCase()}.${e.className}`);
}"""


@cache
def axe() -> str:
    """The text of axe-core."""
    return (REPOSITORY / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text()


@dataclass
class Inspector:
    """Looks at scenes and writes down what is wrong, so that one look at a red test shows all of it."""

    findings: list[str] = field(default_factory=list)
    scenes: int = 0

    async def look(self, scene: Scene) -> None:
        """Everything that is asked of one scene; the page is left as it was."""
        page, usual = scene.person.page, scene.person.page.viewport_size
        self.scenes += 1
        lang = await page.evaluate("document.documentElement.lang")
        if lang != {"en": "en", "zh": "zh-CN"}[scene.language]:
            self._note(scene, f"html lang is {lang!r}")
        await self._axe(page, scene)
        await self._narrow(page, scene)
        if scene.person.phone:
            for target in await page.evaluate(SMALL, TARGET_PX):
                self._note(scene, f"small target: {target}")
        await self._still(page, scene)
        if scene.main:
            await self._tab(page, scene)
        if usual is not None:
            await page.set_viewport_size(usual)

    async def _axe(self, page: Page, scene: Scene) -> None:
        await page.evaluate(axe())
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # colours halfway there are nobody's
            for finding in await page.evaluate(AXE):
                self._note(scene, f"axe, {scheme}: {finding}")
        await page.emulate_media(color_scheme="light", reduced_motion="no-preference")

    async def _narrow(self, page: Page, scene: Scene) -> None:
        usual = page.viewport_size or {"width": 390, "height": 844}
        for width in NARROW[scene.person.phone]:
            await page.set_viewport_size({"width": width, "height": usual["height"]})
            if over := await page.evaluate(SIDEWAYS):
                self._note(scene, f"{width} px wide: sticks out by {over}")
        await page.set_viewport_size({"width": usual["width"], "height": usual["height"]})

    async def _still(self, page: Page, scene: Scene) -> None:
        await page.emulate_media(reduced_motion="reduce")
        for what in await page.evaluate(MOVING):
            self._note(scene, f"moves under reduced motion: {what}")
        await page.emulate_media(reduced_motion="no-preference")

    async def _tab(self, page: Page, scene: Scene) -> None:
        """Walk with Tab until it comes round."""
        await page.evaluate(
            "window.__focused = null; document.querySelectorAll('[data-tabbed]').forEach((e) => delete e.dataset.tabbed)"
        )
        for _ in range(TABS_AT_MOST):
            await page.keyboard.press("Tab")
            at: dict[str, Any] | None = await page.evaluate(FOCUSED)
            if at is not None and at["again"]:
                break
            if at is not None and not at["ring"] and not at["within"]:
                self._note(scene, f"focus is not seen on {at['what']}")
        for control in await page.evaluate(UNREACHED):
            self._note(scene, f"Tab does not reach {control}")
        await page.evaluate("document.activeElement && document.activeElement.blur()")

    def _note(self, scene: Scene, what: str) -> None:
        self.findings.append(f"{scene.name} ({scene.language}): {what}")
