"""Peers for tests: a browser's end of a call, made of aiortc's ICE and DTLS, that sends and keeps raw RTP."""
