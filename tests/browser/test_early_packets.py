"""Packets of somebody who comes overtake the answer that announces them, as they may on any network: everybody sees and hears
everybody all the same.

A packet without its m-line's mid is taken by Firefox for the only line there is of its payload type, and who is meant by it stays
silent for good.
"""

from playwright.async_api import Browser

from tests.browser.stage import Cast
from tests.browser.test_call import everybody_sees_and_hears, pair

LATE_ANSWERS = """
(() => {
  const native = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = async function (description) {
    await new Promise((done) => setTimeout(done, 700));
    return native.call(this, description);
  };
})();
"""


async def test_packets_that_come_before_the_answer_take_nobodys_place(
    chromium: Browser, patients_browser: Browser, cast: Cast
) -> None:
    doctor = await cast.doctor_on_duty(chromium)
    cast.scripts.append(LATE_ANSWERS)
    patient = await cast.patient_in_line(patients_browser, "Bai Yun")
    cast.scripts.clear()
    await pair(doctor, patient)
    two = {"An Ning": doctor, "Bai Yun": patient}
    await everybody_sees_and_hears(two)
    daughter = await cast.guest(chromium, await doctor.invite("companion"), "Bai Lin")
    await daughter.page.wait_for_selector('[data-screen="call"]')
    await everybody_sees_and_hears({**two, "Bai Lin": daughter})
    await daughter.page.click("[data-key=end]")
    await daughter.page.click("[data-answer=yes]")
    await daughter.page.wait_for_selector('[data-screen="left"]')
    await everybody_sees_and_hears(two)
