"""The gaps between two frames of somebody's picture, as the page that shows it gets them."""

from tests.browser.stage import Person

_WATCH = """
(seat) => {
  const video = document.querySelector(`figure[data-seat="${seat}"] video`);
  window.__gaps = [];
  window.__changes = [];
  let last = null, height = null, near = 0;
  const shown = (lines) => {
    const now = performance.now();
    if (last !== null) {
      const gap = (now - last) / 1000;
      window.__gaps.push(gap);
      if (lines !== height) {
        window.__changes.push({ from: height, to: lines, gap });
        near = 3;
      } else if (near > 0) {
        near -= 1;
        const change = window.__changes.at(-1);
        if (change) change.gap = Math.max(change.gap, gap);
      }
    }
    last = now; height = lines;
  };
  if (window.MediaStreamTrackProcessor) {
    const [track] = video.srcObject.getVideoTracks();
    const frames = new MediaStreamTrackProcessor({ track: track.clone() }).readable.getReader();
    (async () => {
      for (;;) {
        const { value, done } = await frames.read();
        if (done) return;
        shown(value.displayHeight);
        value.close();
      }
    })();
  } else {
    const next = (_, frame) => { shown(frame.height); video.requestVideoFrameCallback(next); };
    video.requestVideoFrameCallback(next);
  }
}
"""


async def watch_gaps(viewer: Person, name: str) -> None:
    """From now on the page of `viewer` keeps the gaps of the picture of whoever is called `name`, in seconds: `window.__gaps`;
    and for each change of its size the longest from the last frame before it to the third after it: `window.__changes`.

    Chromium tells of the frames as they are decoded, Firefox as they are shown.
    """
    await viewer.page.evaluate(_WATCH, await viewer.seat_named(name))
