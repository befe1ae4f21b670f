"""A process that decodes pictures which strangers sent: `python -m signaling.pictures.worker`.

It reads orders on its standard input until that ends, has a limit on memory, opens nothing, and writes nothing but answers. If
a decoder falls over a picture, this process dies of it and no other.
"""

import json
import os
import resource
import sys
from typing import Any, BinaryIO

from signaling.pictures.header import Header, Unfit
from signaling.pictures.inspection import inspect
from signaling.pictures.orders import Order, Rendered, pack, sizes

MEMORY_BYTES = 1 << 30  # 273 MB are libraries; 50 megapixels with alpha take 200 MB, twice while they are read
INPUT_AT_MOST = 20 * 1024 * 1024
_STRIP = 256


def main() -> None:
    """Take orders until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints must not look like an answer
    confine()
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        answers.write(answer(*frame))
        answers.flush()


def confine() -> None:
    """Limits that hold whatever a decoder does."""
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(limit, (value, value))
    os.nice(15)  # calls come first: one thirtieth of a core where others want it, a whole one where nobody does


def read_frame(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next order, or none at the end."""
    prefix = stream.read(8)
    if not prefix:
        return None
    head, payload = sizes(prefix, INPUT_AT_MOST)
    return json.loads(stream.read(head)), stream.read(payload)


def answer(head: dict[str, Any], data: bytes) -> bytes:
    """The frame that answers an order."""
    order = Order(**head)
    try:
        made = render(inspect(data, order.media_type), order)
    except Unfit as unfit:
        return pack({"code": unfit.code})
    except MemoryError:
        return pack({"code": "picture_dimensions"})
    body = {"width": made.width, "height": made.height, "sizes": [len(made.content), len(made.thumbnail)]}
    return pack(body, made.content + made.thumbnail)


def render(header: Header, order: Order) -> Rendered:
    """Decode, flatten, shrink, turn upright, encode. Raises Unfit: picture_broken."""
    import cv2  # noqa: PLC0415  (a third of a second, and the limits must stand before)

    cv2.setNumThreads(1)
    try:
        image = _upright(_shrunk(_decoded(header, order.longest), order.longest), header.orientation)
        small = _shrunk(image, order.thumbnail) if order.thumbnail else None
        content = _within(image, order)
        thumbnail = _encoded(small, 80) if small is not None else b""
    except cv2.error as error:
        raise Unfit("picture_broken") from error
    return Rendered(image.shape[1], image.shape[0], content, thumbnail)


def _decoded(header: Header, longest: int) -> Any:
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    factor = _reduction(header, longest)
    flags = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
    how = cv2.IMREAD_UNCHANGED if header.alpha else flags[factor] | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(header.bare, np.uint8), how)
    if image is None or image.shape[:2] != (-(-header.height // factor), -(-header.width // factor)):
        raise Unfit("picture_broken")
    return _flattened(image)


def _reduction(header: Header, longest: int) -> int:
    """JPEG's transform gives a half, a quarter or an eighth at a fraction of the cost; only as far as no detail is lost."""
    if header.media_type != "image/jpeg":
        return 1
    side = max(header.width, header.height)
    return next((factor for factor in (8, 4, 2) if side // factor >= longest), 1)


def _flattened(image: Any) -> Any:
    """Three channels of 8 bits; what is transparent becomes white. In strips: a whole picture in 16 bits is large."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    if image.ndim == 2:
        image = image[:, :, None]
    if image.shape[2] == 3 and image.dtype == np.uint8:
        return image
    flat = np.empty((*image.shape[:2], 3), np.uint8)
    for top in range(0, image.shape[0], _STRIP):
        strip = image[top : top + _STRIP]
        if strip.dtype == np.uint16:
            strip = (strip >> 8).astype(np.uint8)
        if strip.shape[2] == 1:
            strip = cv2.cvtColor(strip, cv2.COLOR_GRAY2BGR)
        elif strip.shape[2] == 4:
            alpha = strip[:, :, 3:].astype(np.uint16)
            strip = ((strip[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
        flat[top : top + _STRIP] = strip
    return flat


def _shrunk(image: Any, longest: int) -> Any:
    import cv2  # noqa: PLC0415

    height, width = image.shape[:2]
    scale = longest / max(width, height)
    if scale >= 1:
        return image
    return cv2.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)


def _upright(image: Any, orientation: int) -> Any:
    """Exif's eight orientations (CIPA DC-008, 4.6.4 A): mirrored from 2, then turned."""
    import cv2  # noqa: PLC0415

    if orientation in (2, 4, 5, 7):
        image = cv2.flip(image, 1)
    turn = {
        3: cv2.ROTATE_180,
        4: cv2.ROTATE_180,
        5: cv2.ROTATE_90_COUNTERCLOCKWISE,
        6: cv2.ROTATE_90_CLOCKWISE,
        7: cv2.ROTATE_90_CLOCKWISE,
        8: cv2.ROTATE_90_COUNTERCLOCKWISE,
    }.get(orientation)
    return image if turn is None else cv2.rotate(image, turn)


def _within(image: Any, order: Order) -> bytes:
    for quality in (order.quality, order.quality // 2, order.quality // 4):
        content = _encoded(image, quality)
        if not order.most_octets or len(content) <= order.most_octets:
            break
    return content


def _encoded(image: Any, quality: int) -> bytes:
    import cv2  # noqa: PLC0415

    done, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    if not done:
        raise Unfit("picture_broken")
    made: bytes = content.tobytes()
    return made


if __name__ == "__main__":
    main()
