"""What the three kinds of pictures have in common: how they begin, how large one may unpack, which way up it is. Pure.

Sources: ITU-T T.81 (JPEG), CIPA DC-008 (Exif), W3C PNG 3rd edition, RFC 9649 (WebP).
"""

from dataclasses import dataclass

MOST_PIXELS = 50_000_000
"""The largest phone cameras of today save 50 megapixels."""
MOST_UNPACKED_BYTES = 200_000_000
"""Of those in 8 bits with an alpha channel; 16 bits a channel are taken up to 25 megapixels."""
LONGEST_SIDE = 30_000

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
_MAGIC = {JPEG: (0, b"\xff\xd8\xff"), PNG: (0, b"\x89PNG\r\n\x1a\n"), WEBP: (8, b"WEBP")}


class Unfit(Exception):
    """The picture is refused, with this code; nothing was decoded."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Header:
    """A picture's claims. `orientation` is Exif's (1 to 8); `bare` holds what a decoder needs and nothing else."""

    media_type: str
    width: int
    height: int
    orientation: int
    alpha: bool
    bare: bytes


def sniff(head: bytes) -> str | None:
    """The media type by the first bytes, none for any that we do not take. 16 bytes suffice."""
    for media_type, (at, magic) in _MAGIC.items():
        if head[at : at + len(magic)] == magic and (media_type != WEBP or head[:4] == b"RIFF"):
            return media_type
    return None


def fitting(width: int, height: int, bytes_a_pixel: int) -> None:
    """Raises Unfit when it has no pixels or unpacks to more than is bearable."""
    if width < 1 or height < 1:
        raise Unfit("picture_broken")
    pixels = width * height
    if max(width, height) > LONGEST_SIDE or pixels > MOST_PIXELS or pixels * bytes_a_pixel > MOST_UNPACKED_BYTES:
        raise Unfit("picture_dimensions")


def orientation(tiff: bytes) -> int:
    """Exif's orientation out of its TIFF structure, 1 where none can be read (CIPA DC-008, 4.6.4: tag 0x0112, SHORT)."""
    order = {b"II": "little", b"MM": "big"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], "little" if order == "little" else "big")

    directory = number(4, 4)
    if number(2, 2) != 42 or directory + 2 > len(tiff):
        return 1
    for index in range(min(number(directory, 2), 200)):
        at = directory + 2 + 12 * index
        if number(at, 2) == 0x0112 and at + 12 <= len(tiff):
            value = number(at + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1
