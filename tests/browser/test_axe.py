"""Every screen of the play, in both languages, light and dark: nothing that keeps somebody out."""

import pytest
from playwright.async_api import Browser

from tests.browser.inspection import Inspector
from tests.browser.play.acts import ACTS, perform
from tests.browser.play.stage import Language
from tests.signaling_process import Signaling


@pytest.mark.timeout(240)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("act", ACTS)
async def test_nobody_is_kept_out(server: Signaling, chromium: Browser, act: str, language: Language) -> None:
    inspector = Inspector()
    await perform(act, server, chromium, language, inspector.look)
    assert inspector.scenes > 0
    assert not inspector.findings, "\n".join(inspector.findings)
