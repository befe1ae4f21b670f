"""Pictures for tests, written by hand where a library would refuse to write them so."""

import struct
import zlib
from typing import Any

import cv2
import numpy as np


def photo(width: int = 640, height: int = 480) -> Any:
    """Four quarters of red, green, blue and white (in reading order), so that every turn and mirror shows."""
    image = np.zeros((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    image[:top, :left] = (0, 0, 255)
    image[:top, left:] = (0, 255, 0)
    image[top:, :left] = (255, 0, 0)
    image[top:, left:] = (255, 255, 255)
    return image


def encoded(image: Any, kind: str = ".jpg", *options: int) -> bytes:
    done, data = cv2.imencode(kind, image, list(options))
    assert done
    return bytes(data.tobytes())


def decoded(data: bytes) -> Any:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert image is not None
    return image


def quarters(image: Any) -> str:
    """The colours of the four quarters in reading order, as letters."""
    height, width = image.shape[:2]
    names = {(0, 0, 255): "R", (0, 255, 0): "G", (255, 0, 0): "B", (255, 255, 255): "W"}
    found = ""
    for y, x in ((1, 1), (1, 3), (3, 1), (3, 3)):
        pixel = image[height * y // 4, width * x // 4].astype(int)
        found += min(names.items(), key=lambda item: sum(abs(pixel - np.array(item[0]))))[1]
    return found


def exif(orientation: int, canary: bytes = b"", order: str = "<") -> bytes:
    """A TIFF structure with an orientation, a GPS directory and a text."""
    mark = b"II" if order == "<" else b"MM"
    short = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    text_at = 8 + 2 + 3 * 12 + 4
    text = struct.pack(order + "HHII", 0x010E, 2, len(canary) + 1, text_at)
    gps = struct.pack(order + "HHII", 0x8825, 4, 1, text_at + len(canary) + 1)
    directory = struct.pack(order + "H", 3) + text + short + gps + struct.pack(order + "I", 0)
    latitude = struct.pack(order + "HHHI4sI", 1, 1, 2, 2, b"N\0\0\0", 0)
    return mark + struct.pack(order + "HI", 42, 8) + directory + canary + b"\0" + latitude


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    """The JPEG with one more segment in front."""
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(width: int, height: int, depth: int = 8, colour: int = 2, rows: int = 0) -> bytes:
    """A PNG that claims to be large; `rows` of it are really there, all zero."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    line = b"\0" * (1 + width * channels * depth // 8) if rows else b""
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(line) for _ in range(rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    """The PNG with one more chunk behind its header."""
    return png[:33] + chunk(kind, body) + png[33:]


def webp_extended(webp: bytes, width: int, height: int, extra: bytes, flags: int) -> bytes:
    """A simple WebP as an extended one, with more chunks behind its picture."""
    canvas = bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    inner = b"VP8X" + struct.pack("<I", 10) + canvas + webp[12:] + extra
    return b"RIFF" + struct.pack("<I", len(inner) + 4) + b"WEBP" + inner
