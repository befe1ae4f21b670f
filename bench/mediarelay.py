"""A two-party server as aiortc's examples write it: decode, MediaRelay, encode. `python -m bench.mediarelay HOST PORT`."""

import asyncio
import sys
from typing import Any

import aioice.ice as ice
from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

relay = MediaRelay()
calls: dict[str, list[dict[str, Any]]] = {}
connections: set[RTCPeerConnection] = set()


async def join(request: web.Request) -> web.Response:
    """The first of a call gets the second's tracks as they come, the second the first's."""
    body = await request.json()
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connections.add(connection)
    mine: dict[str, Any] = {"connection": connection, "tracks": {}}
    others = calls.setdefault(body["call"], [])

    @connection.on("track")
    def on_track(track: Any) -> None:
        mine["tracks"][track.kind] = track
        for other in others:
            if other is not mine:
                _feed(other["connection"], track)

    await connection.setRemoteDescription(RTCSessionDescription(body["sdp"], "offer"))
    for other in others:
        for track in other["tracks"].values():
            _feed(connection, track)
    for transceiver in connection.getTransceivers():
        transceiver.direction = "sendrecv"
    others.append(mine)
    await connection.setLocalDescription(await connection.createAnswer())
    return web.json_response({"sdp": connection.localDescription.sdp})


def _feed(connection: RTCPeerConnection, track: Any) -> None:
    for transceiver in connection.getTransceivers():
        if transceiver.kind == track.kind:
            transceiver.sender.replaceTrack(relay.subscribe(track, buffered=False))


async def alive(_request: web.Request) -> web.Response:
    return web.Response()


def main() -> None:
    host, port = sys.argv[1], int(sys.argv[2])
    ice.get_host_addresses = lambda use_ipv4, use_ipv6: [host]
    app = web.Application()
    app.router.add_post("/join", join)
    app.router.add_get("/", alive)
    asyncio.set_event_loop(asyncio.new_event_loop())
    web.run_app(app, host="127.0.0.1", port=port, print=None)


if __name__ == "__main__":
    main()
