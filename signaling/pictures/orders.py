"""What a picture's process is asked and answers, over its pipes: a length, a line of JSON, then bytes.

→ {"media_type", "longest", "quality", "thumbnail", "most_octets"}, the file
← {"width", "height", "sizes": [picture, thumbnail]}, both JPEGs; or {"code"}
"""

import json
from dataclasses import asdict, dataclass

from common.errors import ProtocolError

_HEAD_AT_MOST = 1024


@dataclass(frozen=True, slots=True)
class Order:
    """How to make it: `longest` and `thumbnail` are the longest sides allowed, in pixels (thumbnail 0: none).

    `most_octets`: where the quality asked for makes more than that, a lower one is tried (0: any size)."""

    media_type: str
    longest: int = 2560
    quality: int = 88
    thumbnail: int = 320
    most_octets: int = 0


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture made anew: JPEG, upright, without metadata, and a small one."""

    width: int
    height: int
    content: bytes
    thumbnail: bytes


def pack(head: dict[str, object], payload: bytes = b"") -> bytes:
    """One frame: 4 bytes of length of the head, 4 of the payload, then both."""
    line = json.dumps(head).encode()
    return len(line).to_bytes(4, "big") + len(payload).to_bytes(4, "big") + line + payload


def sizes(prefix: bytes, payload_at_most: int) -> tuple[int, int]:
    """Lengths of head and payload. Raises ProtocolError when they are beyond all bounds."""
    head, payload = int.from_bytes(prefix[:4], "big"), int.from_bytes(prefix[4:8], "big")
    if len(prefix) != 8 or head > _HEAD_AT_MOST or payload > payload_at_most:
        raise ProtocolError("picture_frame", "A picture's process said something out of all bounds.")
    return head, payload


def order_head(order: Order) -> dict[str, object]:
    """The order as the head of a frame."""
    return asdict(order)
