"""The VP8 payload descriptor (RFC 7741, 4.2): where a key frame begins, and continuous picture numbers across a switch."""

from dataclasses import dataclass


@dataclass(slots=True)
class Descriptor:
    """Offsets are into the payload; none where the field is absent. `key_start`: first packet of a key frame."""

    key_start: bool
    picture_id_at: int | None
    picture_id_wide: bool
    picture_id: int
    tl0_at: int | None
    tl0: int


def parse(payload: bytes) -> Descriptor | None:
    """The descriptor at the start of an RTP payload, or none when it does not fit."""
    size = len(payload)
    if size < 2:
        return None
    first = payload[0]
    at = 1
    picture_at = tl0_at = None
    wide = False
    picture = tl0 = 0
    if first & 0x80:
        flags = payload[1]
        at = 2
        if flags & 0x80:
            if at + 1 >= size:
                return None
            picture_at, wide = at, payload[at] >= 128
            picture = (payload[at] & 0x7F) << 8 | payload[at + 1] if wide else payload[at]
            at += 2 if wide else 1
        if flags & 0x40:
            if at >= size:
                return None
            tl0_at, tl0 = at, payload[at]
            at += 1
        if flags & 0x30:
            at += 1
    if at >= size:
        return None
    # S set and partition 0: the VP8 frame header follows, whose lowest bit is 0 in a key frame (RFC 7741, 4.3).
    key_start = first & 0x17 == 0x10 and not payload[at] & 1
    return Descriptor(key_start, picture_at, wide, picture, tl0_at, tl0)


class PictureNumbers:
    """Rewrites PictureID and TL0PICIDX so that a receiver sees one encoder where there were several."""

    def __init__(self) -> None:
        self._switching = False
        self._picture_shift = self._tl0_shift = 0
        self._last_picture: int | None = None
        self._last_tl0: int | None = None

    def switch(self) -> None:
        """The next packet is the first of another encoder's key frame."""
        self._switching = True

    def rewrite(self, payload: bytes, descriptor: Descriptor) -> bytes:
        """The payload with its numbers continued from what was sent before."""
        if self._switching:
            self._switching = False
            if self._last_picture is not None:
                self._picture_shift = self._last_picture + 1 - descriptor.picture_id
            if self._last_tl0 is not None:
                self._tl0_shift = self._last_tl0 + 1 - descriptor.tl0
        picture = self._number_picture(descriptor)
        tl0 = self._number_tl0(descriptor)
        if not self._picture_shift and not self._tl0_shift:
            return payload
        changed = bytearray(payload)
        at = descriptor.picture_id_at
        if at is not None and descriptor.picture_id_wide:
            changed[at], changed[at + 1] = 0x80 | picture >> 8, picture & 0xFF
        elif at is not None:
            changed[at] = picture & 0x7F
        if descriptor.tl0_at is not None:
            changed[descriptor.tl0_at] = tl0
        return bytes(changed)

    def _number_picture(self, descriptor: Descriptor) -> int:
        picture = (descriptor.picture_id + self._picture_shift) & 0x7FFF
        if descriptor.picture_id_at is not None and _is_newer(picture, self._last_picture, 15):
            self._last_picture = picture
        return picture

    def _number_tl0(self, descriptor: Descriptor) -> int:
        tl0 = (descriptor.tl0 + self._tl0_shift) & 0xFF
        if descriptor.tl0_at is not None and _is_newer(tl0, self._last_tl0, 8):
            self._last_tl0 = tl0
        return tl0


def _is_newer(number: int, than: int | None, bits: int) -> bool:
    return than is None or 0 < (number - than) % (1 << bits) < 1 << (bits - 1)
