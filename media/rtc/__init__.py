"""ICE, DTLS and SDP of the relay: the only place that knows aiortc and aioice, and their private names."""
