"""The H.264 payload (RFC 6184, 5): where a key frame begins. It has no picture numbers: there is nothing to rewrite."""

_SEQUENCE_PARAMETERS, _STAP_A, _FU_A = 7, 24, 28


def starts_key_frame(payload: bytes) -> bool:
    """Whether the packet begins a key frame that a decoder can begin with: its parameter sets come first (RFC 7742, 6.2)."""
    if len(payload) < 2:
        return False
    kind = payload[0] & 0x1F
    if kind == _FU_A:
        return payload[1] >= 128 and payload[1] & 0x1F == _SEQUENCE_PARAMETERS
    if kind != _STAP_A:
        return kind == _SEQUENCE_PARAMETERS
    at = 1
    while at + 2 < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        if size and payload[at + 2] & 0x1F == _SEQUENCE_PARAMETERS:
            return True
        at += 2 + size
    return False
