"""What a picture says of itself, read by hand before any decoder sees it. Pure; bounded by the size of what it is given.

Decides what is a picture that we take (JPEG, PNG, WebP; nothing before, behind or between that is not theirs), whether it
unpacks to a bearable size, and which of its parts a decoder needs: metadata never reaches one.
"""

from signaling.pictures import jpeg, png, webp
from signaling.pictures.header import JPEG, PNG, WEBP, Header, Unfit, sniff

_READERS = {JPEG: jpeg.inspect, PNG: png.inspect, WEBP: webp.inspect}


def inspect(data: bytes, declared: str) -> Header:
    """Reads the header. Raises Unfit: picture_type, picture_dimensions, picture_broken."""
    found = sniff(data)
    if found is None or found != declared:
        raise Unfit("picture_type")
    return _READERS[found](data)
