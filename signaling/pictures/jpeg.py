"""A JPEG's header, scans and end (ITU-T T.81, annex B). Pure.

Phones append things of their own behind the picture (more pictures, films); those are left out. What would make the file
also a page, a script, a document or an archive refuses it, though nothing of it would survive.
"""

import re
from collections.abc import Iterator

from signaling.pictures.header import JPEG, Header, Unfit, fitting, orientation

_SOI, _EOI, _SOS, _APP0, _APP1, _APP14, _COM = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xEE, 0xFE
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive: what browsers and phones write
_OTHER_FRAMES = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_NEEDED = frozenset({0xC4, 0xDB, 0xDD, _SOS, _APP14}) | _FRAMES
_MOST_SEGMENTS = 2_000
_MOST_SCANS = 64  # a decoder passes over the whole picture once for each; encoders write about ten
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FOREIGN = (b"<script", b"<html", b"<svg", b"<?php", b"%PDF-", b"PK\x03\x04", b"PK\x05\x06")


def inspect(data: bytes) -> Header:
    """Raises Unfit."""
    size: tuple[int, int] | None = None
    turned, scans = 1, 0
    bare = [data[:2]]
    at = 2
    for marker, start, end in _segments(data):
        body = data[start:end]
        if marker in _FRAMES:
            if size is not None or len(body) < 6:
                raise Unfit("picture_broken")
            size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
            fitting(*size, bytes_a_pixel=max(3, body[5]))
        elif marker in _OTHER_FRAMES:
            raise Unfit("picture_broken")
        elif marker == _APP1 and body[:6] == b"Exif\0\0" and turned == 1:
            turned = orientation(body[6:])
        if marker not in _NEEDED:
            _own(body)
        scan = end
        if marker == _SOS:
            scans += 1
            scan = _scan_end(data, end)
            if size is None or scans > _MOST_SCANS:
                raise Unfit("picture_broken")
        if marker in _NEEDED:
            bare.append(data[start - 4 : scan])
        at = scan
    if size is None or not scans or data[at : at + 2] != b"\xff\xd9":
        raise Unfit("picture_broken")
    _own(data[at + 2 :])
    return Header(JPEG, *size, turned, alpha=False, bare=b"".join([*bare, b"\xff\xd9"]))


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, and where its body begins and ends, up to the end of the picture."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            if data[at : at + 2] == b"\xff\xd9":
                return
            raise Unfit("picture_broken")
        marker = data[at + 1]
        if marker == _EOI:
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + length
        if marker in _STANDALONE or marker in (0x00, 0xFF, _SOI) or length < 2 or end > len(data):
            raise Unfit("picture_broken")
        yield marker, at + 4, end
        at = _scan_end(data, end) if marker == _SOS else end
    raise Unfit("picture_broken")


def _scan_end(data: bytes, start: int) -> int:
    """Where the entropy-coded part ends: at the next marker that is no restart and no stuffed byte."""
    found = _AFTER_SCAN.search(data, start)
    if found is None:
        raise Unfit("picture_broken")
    return found.start()


def _own(part: bytes) -> None:
    """Raises Unfit when a part that is no picture would make the file something else as well."""
    lower = part.lower()
    if any(mark.lower() in lower for mark in _FOREIGN):
        raise Unfit("picture_type")
