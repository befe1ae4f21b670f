"""The codec of the control channel: four bytes of length, then a JSON `Frame` of at most 64 KiB. Knows no names."""

import asyncio
import struct

from pydantic import ValidationError

from common.errors import ProtocolError
from media.control.messages import Frame

MAX_FRAME_BYTES = 64 * 1024
_LENGTH = struct.Struct("!I")


def encode(frame: Frame) -> bytes:
    """The frame on the wire; raises `ProtocolError` ("frame_too_large")."""
    text = frame.model_dump_json().encode()
    if len(text) > MAX_FRAME_BYTES:
        raise ProtocolError("frame_too_large", f"a frame holds at most {MAX_FRAME_BYTES} bytes")
    return _LENGTH.pack(len(text)) + text


def decode(text: bytes) -> Frame:
    """The frame in `text` (without length); raises `ProtocolError` ("frame_malformed") and nothing else."""
    try:
        return Frame.model_validate_json(text)
    except ValidationError:
        raise ProtocolError("frame_malformed", "a frame is not what this version speaks") from None


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame, or none when the stream has ended between two; raises `ProtocolError` for anything else."""
    try:
        head = await reader.readexactly(_LENGTH.size)
    except asyncio.IncompleteReadError as cut:
        if not cut.partial:
            return None
        raise ProtocolError("frame_malformed", "the stream ended inside a frame") from None
    except ConnectionError:
        return None
    (size,) = _LENGTH.unpack(head)
    if size > MAX_FRAME_BYTES:
        raise ProtocolError("frame_too_large", f"a frame holds at most {MAX_FRAME_BYTES} bytes")
    try:
        return decode(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError):
        raise ProtocolError("frame_malformed", "the stream ended inside a frame") from None
