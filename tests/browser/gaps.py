"""The gaps between two frames of somebody's picture, as the page that shows it gets them (Chromium alone can tell)."""

from tests.browser.stage import Person

_WATCH = """
(seat) => {
  const video = document.querySelector(`figure[data-seat="${seat}"] video`);
  const [track] = video.srcObject.getVideoTracks();
  const frames = new MediaStreamTrackProcessor({ track: track.clone() }).readable.getReader();
  window.__gaps = [];
  (async () => {
    let last = null;
    for (;;) {
      const { value, done } = await frames.read();
      if (done) return;
      value.close();
      const now = performance.now();
      if (last !== null) window.__gaps.push((now - last) / 1000);
      last = now;
    }
  })();
}
"""


async def watch_gaps(viewer: Person, name: str) -> None:
    """From now on the page of `viewer` keeps the gaps of the picture of whoever is called `name`: `window.__gaps`, in seconds."""
    await viewer.page.evaluate(_WATCH, await viewer.seat_named(name))
