"""A WebP's chunks (RFC 9649, 2). Pure. Still pictures only; only the pixels' chunks are kept."""

from signaling.pictures.header import WEBP, Header, Unfit, fitting, orientation

_ALPHA, _ANIMATION = 0x10, 0x02
_MOST_CHUNKS = 1_000


def inspect(data: bytes) -> Header:
    """Raises Unfit."""
    size = int.from_bytes(data[4:8], "little") + 8
    if size > len(data) or size < 20:
        raise Unfit("picture_broken")
    if size != len(data):
        raise Unfit("picture_type")  # something else stands behind it
    chunks = _chunks(data)
    kinds = [kind for kind, _ in chunks]
    if b"ANIM" in kinds or b"ANMF" in kinds:
        raise Unfit("picture_type")
    pictures = [(kind, body) for kind, body in chunks if kind in (b"VP8 ", b"VP8L")]
    if len(pictures) != 1 or kinds.count(b"ALPH") > 1 or kinds.count(b"VP8X") != (kinds[0] == b"VP8X"):
        raise Unfit("picture_broken")
    width, height, alpha = _picture(*pictures[0])
    fitting(width, height, bytes_a_pixel=4)
    kept = [(kind, body) for kind, body in chunks if kind in (b"VP8 ", b"VP8L", b"ALPH")]
    if kinds[0] == b"VP8X":
        flags, canvas = _canvas(chunks[0][1])
        if canvas != (width, height) or flags & _ANIMATION:
            raise Unfit("picture_broken")
        alpha = alpha or bool(flags & _ALPHA)
        kept.insert(0, (b"VP8X", bytes([flags & _ALPHA]) + chunks[0][1][1:10]))
    exif = next((body for kind, body in chunks if kind == b"EXIF"), b"")
    return Header(WEBP, width, height, orientation(exif.removeprefix(b"Exif\0\0")), alpha, _riff(kept))


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    at = 12
    while at < len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length
        if at + 8 > len(data) or end > len(data) or len(found) >= _MOST_CHUNKS:
            raise Unfit("picture_broken")
        found.append((data[at : at + 4], data[at + 8 : end]))
        at = end + length % 2
    return found


def _picture(kind: bytes, body: bytes) -> tuple[int, int, bool]:
    """Width, height, and whether it has an alpha channel of its own."""
    if kind == b"VP8L":
        if len(body) < 5 or body[0] != 0x2F:
            raise Unfit("picture_broken")
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    if len(body) < 10 or body[0] & 1 or body[3:6] != b"\x9d\x01\x2a":  # a key frame (RFC 6386, 9.1)
        raise Unfit("picture_broken")
    return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF, False


def _canvas(body: bytes) -> tuple[int, tuple[int, int]]:
    if len(body) < 10:
        raise Unfit("picture_broken")
    return body[0], (int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1)


def _riff(chunks: list[tuple[bytes, bytes]]) -> bytes:
    inner = b"".join(kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2) for kind, body in chunks)
    return b"RIFF" + (len(inner) + 4).to_bytes(4, "little") + b"WEBP" + inner
