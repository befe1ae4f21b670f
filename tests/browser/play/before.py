"""The acts before the call: how a patient comes, is invited, tests the devices, answers, and waits. On a phone."""

import re
from base64 import b64decode
from typing import Any

from playwright.async_api import Page

from tests.browser.letters import letters_in, link_in_letter
from tests.browser.play.stage import ART, STEP_MS, Stage, leave_line, seated
from tests.browser.stage import GREEN, Person, to_waiting_room
from tests.peers_signaling import Speaker

RESPIRATORY, MENTAL = "Respiratory medicine", "Mental health"
ADDRESS = "bai.yun@example.org"
WITHOUT_DEVICES = """
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', '%s'); };
"""
CHAT_APP = "Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 Chrome/86.0 Mobile Safari/537.36 MicroMessenger/8.0.2"
NO_WEBRTC = "delete window.RTCPeerConnection; delete window.webkitRTCPeerConnection;"


async def arrival(stage: Stage) -> None:
    """Without an appointment: hospital, department, name."""
    patient = await stage.on_phone()
    page = patient.page
    await page.goto(stage.cast.server.base, wait_until="commit")
    await page.wait_for_selector("a.pick")
    await stage.show("entry", patient, main=True)
    await page.click(f'a.pick:has-text("{stage.words.hospital}")')
    await page.wait_for_selector('[data-screen="entry-department"]')
    await stage.show("entry-department", patient)
    await page.click(f'a.pick:has-text("{stage.words.department}")')
    await page.wait_for_selector('[data-screen="entry-form"]')
    await stage.show("entry-form", patient)
    await page.click("button[type=submit]")
    await page.wait_for_selector(".error")
    await stage.show("entry-form-missing", patient)


async def link(stage: Stage) -> None:
    """Invited: the doctor makes the link, the patient opens it; somebody opens it again; a lost one is sent anew."""
    doctor = await stage.doctor(on_duty=False)
    page = doctor.page
    await page.click("[name=invite_patient]")
    await page.fill("#invite-name", stage.words.patient)
    await page.fill("#invite-year", "1948")
    await page.fill("#invite-email", ADDRESS)
    await page.fill("#invite-reason", stage.words.reason)
    if stage.language == "zh":
        await page.check('dialog input[type=radio][value="zh"]')
    await stage.show("desk-invite", doctor)
    await page.click("dialog button[type=submit]")
    address = await page.locator("#invite-link").input_value()
    await page.wait_for_selector("dialog [data-qr=made]")
    await stage.show("desk-invite-made", doctor)
    await page.click("[name=made_done]")
    await page.wait_for_selector("[data-invited]")
    await stage.show("desk-invited", doctor)

    patient = await stage.on_phone()
    await patient.page.goto(address, wait_until="commit")
    await patient.page.wait_for_selector('[data-screen="join"][data-kind="patient"]')
    await stage.show("welcome", patient, main=True)
    await patient.page.click("[data-answer=no]")
    await patient.page.wait_for_selector('[data-screen="join-not-me"]')
    await stage.show("welcome-not-me", patient)
    await patient.page.click('[data-screen="join-not-me"] ~ * button, .top button')
    await patient.page.click("[data-answer=yes]")
    await patient.page.wait_for_url("**/visit/*")

    other = await stage.on_phone()
    await other.page.goto(address, wait_until="commit")
    await other.page.wait_for_selector('[data-screen="reissue"]')
    await stage.show("link-spent", other, main=True)
    await other.page.fill("#email", ADDRESS)
    letters = len(letters_in(stage.cast.server))
    await other.page.click("button[type=submit]")
    await other.page.wait_for_selector('[data-screen="reissue-sent"]')
    await stage.show("link-sent-anew", other)
    await other.page.goto(await link_in_letter(stage.cast.server, letters), wait_until="commit")
    await other.page.wait_for_selector('[data-screen="join-in-use"]')
    await stage.show("link-in-use", other)
    await other.page.click("[data-answer=yes]")
    await patient.page.wait_for_selector('[data-screen="closed"]')
    await stage.show("moved-away", patient)
    await give_up(stage, other)


async def check(stage: Stage) -> None:
    """The test of devices and network: under way, done, refused, and no devices at all; then an app that shows no video."""
    patient = await walk_in_page(stage, "check")
    await stage.show("check-testing", patient)
    await patient.page.wait_for_selector('[data-screen="check"][data-network="done"]', timeout=STEP_MS * 2)
    await patient.page.click('[data-heard-chime="yes"]')
    await stage.show("check-done", patient, main=True)
    await give_up(stage, patient)
    for name, error in (("check-refused", "NotAllowedError"), ("check-missing", "NotFoundError")):
        other = await stage.on_phone()
        await other.context.add_init_script(WITHOUT_DEVICES % error)
        await walk_in_on(stage, other)
        await other.page.wait_for_selector('[data-screen="check"][data-network="done"]', timeout=STEP_MS * 2)
        await stage.show(name, other)
        await give_up(stage, other)


async def way_out(stage: Stage) -> None:
    """Inside a chat app without WebRTC: the way out, and text meanwhile."""
    patient = await stage.on_phone()
    await patient.context.add_init_script(NO_WEBRTC)
    await patient.context.add_init_script(f"Object.defineProperty(navigator, 'userAgent', {{ get: () => '{CHAT_APP}' }});")
    await walk_in_on(stage, patient)
    await patient.page.wait_for_selector('[data-screen="way-out"]')
    await stage.show("way-out", patient, main=True)
    await give_up(stage, patient)


async def questions(stage: Stage) -> None:
    """One question on a screen; a red flag leads to advice first."""
    patient = await walk_in_page(stage, "check")
    page = patient.page
    await page.click("[data-next]")
    await page.wait_for_selector('[data-question="flags"]')
    await stage.show("question-flags", patient)
    await page.check("[name=breathing]")
    await page.click("[data-next]")
    await page.wait_for_selector('[data-screen="advice"] [data-told="stored"]')
    await stage.show("advice", patient, main=True)
    await page.click("[data-next]")
    for name, words in (
        ("reason", stage.words.longer_reason),
        ("history", stage.words.history),
        ("allergies", stage.words.allergies),
    ):
        await page.fill(f"textarea[name={name}]", words)
        await stage.show(f"question-{name}", patient, main=name == "reason")
        await page.click("[data-next]")
    await page.wait_for_selector('[data-question="photos"]')
    await page.set_input_files("[data-pictures]", photo("inhaler.png", await drawing(page)))
    await page.wait_for_selector("[data-picture] img")
    await stage.show("question-photos", patient)
    await give_up(stage, patient)


async def waiting(stage: Stage) -> None:
    """In line: third, next, nobody on duty, called back, the line lost; and what can be done meanwhile."""
    before = await stage.line_up(2, MENTAL)
    patient = await stage.on_phone()
    await walk_in_on(stage, patient, stage.words.quiet)
    await to_waiting_room(patient)
    page = patient.page
    await page.wait_for_selector('[data-screen="waiting"][data-ahead="2"]')
    await stage.show("waiting-nobody-on-duty", patient)
    colleague = await stage.colleague("1005")
    mental = colleague.states["desk_state"]
    departments = await stage.departments_of("1005")
    assert (await colleague.ask("duty_set", {"departments": departments}))["ok"], mental
    await stage.show("waiting-third", patient)
    stage.earlier_visits(departments, (330.0, 420.0, 510.0, 380.0, 450.0))
    assert (await colleague.ask("duty_set", {"departments": []}))["ok"]
    assert (await colleague.ask("duty_set", {"departments": departments}))["ok"]
    await page.wait_for_selector(".span-bar")
    await stage.show("waiting-interval", patient, main=True)
    for opened in ("messages", "people", "move", "callback", "leave", "worse"):
        await page.click(f'[data-open="{opened}"]')
        await page.wait_for_selector('dialog[open], [data-screen="messages"]')
        await stage.show(f"waiting-{opened}", patient)
        await shut(page)
    await page.click('[data-open="callback"]')
    await page.fill("dialog #email, dialog [type=email]", ADDRESS)
    await page.click("dialog [type=submit], dialog .btn-main")
    await page.wait_for_selector('[data-callback="on"]')
    await stage.show("waiting-callback-on", patient)
    await page.click("[data-callback-off]")
    await page.wait_for_selector('[data-callback="off"]')
    for person in before:
        assert (await person.ask("seat_leave", {"seat": person.states["seat_state"]["seat"]}))["ok"]
    await page.wait_for_selector('[data-screen="waiting"][data-state="offered"]', timeout=STEP_MS)
    await stage.show("waiting-offered", patient)
    offer = (await stage.offer_at(colleague))["id"]
    assert (await colleague.ask("duty_set", {"departments": []}))["ok"], offer
    await page.wait_for_selector('[data-screen="waiting"][data-state="waiting"]')
    await stage.show("waiting-next", patient)
    await patient.context.set_offline(True)
    stage.cast.server.pause()  # an open socket does not notice a browser that calls itself offline
    try:
        await page.wait_for_selector("text=" + stage.words.lost, timeout=STEP_MS * 2)
        await stage.show("waiting-line-lost", patient)
    finally:
        stage.cast.server.resume()
        await patient.context.set_offline(False)
    await give_up(stage, patient)


async def walk_in_page(stage: Stage, screen: str) -> Person:
    """A patient on a phone with a place in line, on the first screen after it."""
    patient = await stage.on_phone(GREEN)
    await walk_in_on(stage, patient)
    await patient.page.wait_for_selector(f'[data-screen="{screen}"]')
    return patient


async def walk_in_on(stage: Stage, patient: Person, department: str | None = None) -> None:
    """Choose hospital and department, give a name, take the place."""
    page = patient.page
    await page.goto(stage.cast.server.base, wait_until="commit")
    await page.click(f'a.pick:has-text("{stage.words.hospital}")')
    await page.click(f'a.pick:has-text("{department or stage.words.department}")')
    await page.fill("[name=name]", stage.words.patient)
    await page.fill("[name=birth_year]", "1948")
    await page.fill("[name=reason]", stage.words.reason)
    await page.click("button[type=submit]")
    await page.wait_for_url("**/visit/*")


async def give_up(stage: Stage, patient: Person) -> None:
    """Close the phone and leave the line in its name, whatever screen it showed, so that the next act finds it empty."""
    cookies = await patient.context.cookies()
    seat = next(found[0] for cookie in cookies if (found := re.search(r"s_[a-z2-7]{16}", cookie["name"])))
    await patient.context.close()
    held = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)
    speaker = Speaker({"audience": "seat", "seat": seat, "protocol": 1}, held, [stage.cast.server.base])
    await speaker.come()
    await seated(speaker)
    await leave_line(speaker, seat)


async def shut(page: Page) -> None:
    """Close a sheet, or go back from the messages."""
    if await page.locator("dialog[open]").count():
        await page.keyboard.press("Escape")
        await page.wait_for_selector("dialog[open]", state="detached")
    else:
        await page.click(".top button")
        await page.wait_for_selector('[data-screen="waiting"]')


def photo(name: str, content: bytes) -> Any:
    """A picture as a file chosen."""
    return {"name": name, "mimeType": "image/png", "buffer": content}


async def drawing(page: Page) -> bytes:
    """The drawn inhaler as a photo, made by the browser."""
    canvas = """async (svg) => {
      const image = new Image();
      image.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: 1200, height: 900 });
      canvas.getContext('2d').drawImage(image, 0, 0, 1200, 900);
      return canvas.toDataURL('image/png').split(',')[1];
    }"""
    return b64decode(await page.evaluate(canvas, (ART / "inhaler.svg").read_text()))
