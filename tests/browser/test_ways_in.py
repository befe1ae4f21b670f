"""Ways into a seat, and out of programs that cannot carry a call: the seat goes along and is never lost."""

from urllib.parse import urlsplit

from playwright.async_api import Browser, expect

from tests.browser.stage import GREEN, RED, Cast, Person

STEP_MS = 15_000
WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 13_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "MicroMessenger/7.0.14(0x17000e2e) NetType/WIFI Language/zh_CN"
)


async def on(person: Person, screen: str) -> None:
    await person.page.wait_for_selector(f'[data-screen="{screen}"]', timeout=STEP_MS)


async def wait_in_line(cast: Cast, browser: Browser) -> Person:
    """A patient who skipped test and questions."""
    patient = await cast.patient_in_line(browser, "Bai Yun")
    await on(patient, "check")
    await patient.page.click("[data-next]")
    await patient.page.click("[data-later]")
    await on(patient, "waiting")
    return patient


async def test_a_seat_moves_to_another_device_once(chromium: Browser, cast: Cast) -> None:
    """The other device is asked before it takes over; the first one says where the visit went; the link is spent by it."""
    patient = await wait_in_line(cast, chromium)
    await patient.page.click('[data-open="move"]')
    link = await patient.page.locator("#move-link").input_value()
    await patient.page.wait_for_selector('[data-qr="made"]', timeout=STEP_MS)

    other = await cast.enter(chromium, RED, phone=True)
    await other.page.goto(link, wait_until="commit")
    await on(other, "join-in-use")
    assert urlsplit(other.page.url).fragment == ""
    await other.page.click("[data-answer=yes]")
    await other.page.wait_for_url("**/visit/*")
    await on(patient, "closed")
    kept = await other.page.evaluate("JSON.stringify([localStorage, sessionStorage, history.length, document.cookie])")
    assert urlsplit(link).fragment not in kept

    late = await cast.enter(chromium, RED, phone=True)
    await late.page.goto(link, wait_until="commit")
    await late.page.wait_for_selector('[data-screen="reissue"][data-reason="spent"]', timeout=STEP_MS)
    await late.page.click("button[type=submit]")
    await expect(late.page.locator("#email-error")).to_be_visible()
    await late.page.fill("[name=email]", "nobody@example.org")
    await late.page.click("button[type=submit]")
    await on(late, "reissue-sent")


async def test_an_app_without_calls_shows_the_way_out_and_keeps_the_seat(chromium: Browser, cast: Cast) -> None:
    """Inside a chat app: the address becomes the link that takes the seat along; who stays answers and writes."""
    patient = await cast.enter(chromium, RED, phone=True)
    await patient.page.add_init_script(
        f"delete window.RTCPeerConnection; Object.defineProperty(navigator, 'userAgent', {{get: () => {WECHAT!r}}});"
    )
    await patient.page.goto(cast.server.base, wait_until="commit")
    await patient.page.click('a.pick:has-text("Willow Bank")')
    await patient.page.click('a.pick:has-text("Respiratory")')
    await patient.page.fill("[name=name]", "Bai Yun")
    await patient.page.click("button[type=submit]")
    await patient.page.wait_for_selector('[data-screen="way-out"][data-app="wechat"]', timeout=STEP_MS)
    await patient.page.wait_for_url("**/join#*")  # what "open in browser" takes along
    way = patient.page.url

    browser = await cast.enter(chromium, RED, phone=True)
    await browser.page.goto(way, wait_until="commit")
    await on(browser, "join-in-use")
    await browser.page.click("main button.btn-large")
    await on(browser, "join-stayed")

    await patient.page.click("[data-next]")
    await patient.page.wait_for_selector('[data-question="flags"]', timeout=STEP_MS)
    assert "/visit/" in patient.page.url
    await browser.page.goto("about:blank")
    await browser.page.goto(way, wait_until="commit")
    await browser.page.wait_for_selector('[data-screen="reissue"]', timeout=STEP_MS)  # withdrawn as the patient stayed
    await patient.page.click("[data-later]")
    await on(patient, "waiting")
    assert await patient.page.locator('[data-open="check"]').count() == 0


async def test_a_lost_seat_leads_to_a_new_link(chromium: Browser, cast: Cast) -> None:
    """A browser that has forgotten its seat is not left alone."""
    patient = await wait_in_line(cast, chromium)
    await patient.context.clear_cookies()
    await patient.page.reload(wait_until="commit")
    await patient.page.wait_for_selector('[data-screen="reissue"][data-reason="seat"]', timeout=STEP_MS)


async def test_a_link_cut_in_half_leads_on(chromium: Browser, cast: Cast) -> None:
    """Neither an error for programs nor another page: it says what happened, and offers a new link and a new place."""
    patient = await cast.enter(chromium, GREEN, phone=True)
    for half in ("/visit/s_half", "/nowhere/at-all"):
        await patient.page.goto(cast.server.base + half, wait_until="commit")
        await patient.page.wait_for_selector('[data-screen="reissue"][data-reason="nowhere"]', timeout=STEP_MS)
    await patient.page.goto(f"{cast.server.base}/join/#{'A' * 43}", wait_until="commit")
    await patient.page.wait_for_selector('[data-screen="reissue"][data-reason="spent"]', timeout=STEP_MS)
    await patient.page.get_by_role("link", name="Take a new place in line").click()
    await patient.page.wait_for_selector('[data-screen="entry"]', timeout=STEP_MS)


async def test_being_called_back_is_asked_for_and_taken_back(chromium: Browser, cast: Cast) -> None:
    """The address is masked on the page; nonsense is not taken; whoever turns back by key is where they were."""
    patient = await wait_in_line(cast, chromium)
    opener = patient.page.get_by_role("button", name="Call me back by email")
    await opener.focus()
    await patient.page.keyboard.press("Enter")
    await patient.page.wait_for_selector("dialog[open] [name=email]")
    await patient.page.keyboard.press("Escape")
    await expect(opener).to_be_focused()
    page = patient.page
    await page.click('[data-open="callback"]')
    await page.fill("[name=email]", "nonsense")
    await page.click("dialog button[type=submit]")
    await expect(page.locator("#email-error")).to_be_visible()
    await page.fill("[name=email]", "bai.yun@example.org")
    await page.click("dialog button[type=submit]")
    card = page.locator('[data-callback="on"]')
    await card.wait_for(timeout=STEP_MS)
    assert "bai.yun" not in (await card.text_content() or "")
    await page.click("[data-callback-off]")
    await page.locator('[data-callback="off"]').wait_for(timeout=STEP_MS)


async def test_a_companion_s_link_is_made_and_withdrawn(chromium: Browser, cast: Cast) -> None:
    """A link not used yet stands in the list until it is withdrawn, and opens nothing then."""
    patient = await wait_in_line(cast, chromium)
    page = patient.page
    await page.click('[data-open="people"]')
    await page.click("[data-invite=companion]")
    link = await page.locator("#guest-link").input_value()
    await page.click("[data-revoke]")
    await page.locator("[data-revoke]").wait_for(state="detached", timeout=STEP_MS)
    guest = await cast.enter(chromium, RED, phone=True)
    await guest.page.goto(link, wait_until="commit")
    await guest.page.wait_for_selector('[data-screen="reissue"]', timeout=STEP_MS)
