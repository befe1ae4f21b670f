"""The gate in front of every SDP from outside: bounds that are checked before anything parses it (attack F5).

It decides by counting bytes and lines only; what the lines mean is the negotiator's business.
"""

from common.errors import ProtocolError

MAX_BYTES = 32 * 1024
MAX_LINES = 2000  # Chromium offers every codec on every line: a room of three takes 523
MAX_LINE_BYTES = 4096
MAX_MEDIA = 16
MAX_CANDIDATES = 20


def admit_sdp(sdp: str) -> str:
    """Return the SDP when it is small and plain enough to be parsed.

    Raises:
        ProtocolError: `sdp_refused`, with the bound that it broke.
    """
    if len(sdp) > MAX_BYTES or len(sdp.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _refused(f"more than {MAX_BYTES} bytes")
    if not sdp.isascii() or any(ord(char) < 32 and char not in "\r\n" for char in sdp):
        raise _refused("characters outside printable ASCII")
    lines = sdp.split("\n")
    if len(lines) > MAX_LINES:
        raise _refused(f"more than {MAX_LINES} lines")
    if not sdp.startswith("v=0"):
        raise _refused("it does not begin with v=0")
    if any(len(line) > MAX_LINE_BYTES for line in lines):
        raise _refused(f"a line of more than {MAX_LINE_BYTES} bytes")
    if sum(line.startswith("m=") for line in lines) > MAX_MEDIA:
        raise _refused(f"more than {MAX_MEDIA} media lines")
    if sum(line.startswith("a=candidate:") for line in lines) > MAX_CANDIDATES * MAX_MEDIA:
        raise _refused(f"more than {MAX_CANDIDATES} candidates a line")
    return sdp


def _refused(why: str) -> ProtocolError:
    return ProtocolError("sdp_refused", f"The SDP was refused: {why}.")
