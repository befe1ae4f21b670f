"""A page of another origin in a real browser whose owner is signed in here: it changes nothing and reads nothing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser

from tests.browser.stage import Cast, sample_doctor
from tests.processes import unused_port

TRIES = """
async (target) => {
  const outcome = {};
  const attempt = async (name, work) => { try { outcome[name] = await work(); } catch (fault) { outcome[name] = 'blocked'; } };
  const send = (path, options) => fetch(target + path, { credentials: 'include', ...options }).then((r) => r.type + r.status);
  await attempt('read', () => send('/api/staff/session', {}));
  await attempt('sign out', () => send('/api/staff/session', { method: 'DELETE' }));
  await attempt('with our header', () => send('/api/staff/session', { method: 'DELETE', headers: { 'X-Consilium': '1' } }));
  await attempt('simple', () => send('/api/walk-ins', { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: '{}' }));
  await attempt('blind', () => send('/api/walk-ins', { method: 'POST', mode: 'no-cors', body: '{}' }));
  await attempt('beacon', async () => navigator.sendBeacon(target + '/api/walk-ins', '{}') && 'sent');
  await attempt('websocket', () => new Promise((done) => {
    const link = new WebSocket(target.replace('http', 'ws') + '/socket.io/?EIO=4&transport=websocket');
    link.onopen = () => done('open');
    link.onerror = () => done('blocked');
  }));
  await attempt('frame', () => new Promise((done) => {
    const frame = Object.assign(document.createElement('iframe'), { src: target + '/desk' });
    frame.onload = () => { try { done(frame.contentDocument ? 'own blank' : 'blocked'); } catch { done('blocked'); } };
    frame.onerror = () => done('blocked');
    document.body.append(frame);
  }));
  await attempt('script', () => new Promise((done) => {
    const script = Object.assign(document.createElement('script'), { src: target + '/api/staff/session' });
    script.onload = () => done('loaded');
    script.onerror = () => done('blocked');
    document.body.append(script);
  }));
  return outcome;
}
"""
FORM = """
(target) => {
  const form = document.createElement('form');
  form.method = 'POST'; form.enctype = 'text/plain'; form.action = target + '/api/staff/session';
  form.append(Object.assign(document.createElement('input'), { name: '{"staff_number":"1001","password":"', value: 'x"}' }));
  document.body.append(form); form.submit();
}
"""


@pytest.fixture(params=["127.0.0.1", "localhost"])
async def elsewhere(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A page of another origin: another port of the same host (cookies go along), and another site."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>elsewhere</title><body>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    port = unused_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://{request.param}:{port}/"
    await runner.cleanup()


async def test_it_changes_and_reads_nothing_in_chromium(cast: Cast, chromium: Browser, elsewhere: str) -> None:
    await changes_and_reads_nothing(cast, chromium, elsewhere)


async def test_it_changes_and_reads_nothing_in_firefox(cast: Cast, firefox: Browser, elsewhere: str) -> None:
    await changes_and_reads_nothing(cast, firefox, elsewhere)


async def changes_and_reads_nothing(cast: Cast, browser: Browser, elsewhere: str) -> None:
    base = cast.server.base
    person = await cast.at_desk(browser, staff_number=sample_doctor(cast.server.greeting()).staff_number)
    waiting = await person.page.evaluate(WAITING, base)
    page = await person.context.new_page()
    await page.goto(elsewhere)
    outcome: dict[str, Any] = await page.evaluate(TRIES, base)
    assert outcome.pop("beacon") in ("sent", "blocked")  # it is sent, and refused: nobody is told
    assert outcome.pop("blind") in ("opaque0", "blocked")  # likewise
    assert set(outcome.values()) == {"blocked"}, outcome
    async with page.expect_navigation():
        await page.evaluate(FORM, base)
    assert "cross_origin" in await page.content()
    assert await person.page.evaluate(SIGNED_IN, base) == 200, "somebody else's page signed the doctor out"
    assert await person.page.evaluate(WAITING, base) == waiting, "somebody else's page took a place in line"
    await page.close()


SIGNED_IN = "(base) => fetch(base + '/api/staff/session').then((r) => r.status)"
WAITING = """
(base) => fetch(base + '/api/hospitals', { cache: 'no-store' }).then((r) => r.json())
  .then((list) => list.hospitals.flatMap((h) => h.departments).reduce((sum, d) => sum + d.waiting, 0))
"""
