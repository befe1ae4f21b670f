"""A PNG's chunks (W3C PNG 3rd edition, 5). Pure. Nothing may stand behind the last one; only what pixels need is kept."""

import zlib

from signaling.pictures.header import PNG, Header, Unfit, fitting, orientation

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_NEEDED = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_MOST_CHUNKS = 20_000  # 20 MB in IDATs of a thousand bytes


def inspect(data: bytes) -> Header:
    """Raises Unfit."""
    bare, at, kind = [data[:8]], 8, b""
    width = height = 0
    turned, alpha = 1, False
    for index in range(_MOST_CHUNKS):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data) or (kind == b"IHDR") != (index == 0):
            raise Unfit("picture_broken")
        body = data[at + 8 : end - 4]
        if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise Unfit("picture_broken")
        if kind == b"IHDR":
            width, height, alpha = _ihdr(body)
        alpha = alpha or kind == b"tRNS"
        if kind == b"eXIf" and turned == 1:
            turned = orientation(body)
        if kind in _NEEDED:
            bare.append(data[at:end])
        at = end
        if kind == b"IEND":
            break
    if kind != b"IEND":
        raise Unfit("picture_broken")
    if at != len(data):
        raise Unfit("picture_type")  # something else stands behind it
    return Header(PNG, width, height, turned, alpha, b"".join(bare))


def _ihdr(body: bytes) -> tuple[int, int, bool]:
    if len(body) != 13:
        raise Unfit("picture_broken")
    width, height = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
    depth, colour = body[8], body[9]
    if depth not in _DEPTHS.get(colour, ()):
        raise Unfit("picture_broken")
    # Decoders unpack a palette or grey to three channels, and to four where anything is transparent.
    fitting(width, height, bytes_a_pixel=max(4 if colour in (4, 6) else 3, _CHANNELS[colour]) * (2 if depth == 16 else 1))
    return width, height, colour in (4, 6)
