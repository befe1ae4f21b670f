"""The device and network test: ICE servers, the echo of each path, the report."""

from common.wire import Wire
from rooms.access import access_room
from rooms.checks import Device, Findings, PathFinding, PathKind, Speaker
from rooms.model import SeatIdentity
from signaling import turn_credentials, views
from signaling.sdp_gate import admit_sdp
from signaling.socket import messages
from signaling.socket.connections import Connection
from signaling.socket.handlers.shared import Handler, Services, access_speaker


async def ice_get(services: Services, connection: Connection, body: messages.IceGet) -> Wire:
    """The TURN servers with credentials of this seat; asked for before each new RTCPeerConnection."""
    speaker = await _access_relay(services, connection, body.seat)
    now = services.clock.now()
    turn = services.turn
    if turn is None:
        return messages.IceServers(servers=[], expires_at=now + turn_credentials.LIFETIME_S)
    minted = turn_credentials.mint(turn.secret.get_secret_value(), speaker.seat, now)
    server = messages.IceServer(urls=list(turn.urls), username=minted.username, credential=minted.credential)
    return messages.IceServers(servers=[server], expires_at=minted.expires_at)


async def check_offer(services: Services, connection: Connection, body: messages.CheckOffer) -> Wire:
    """Negotiate the echo of one path."""
    speaker = await _access_relay(services, connection, body.seat)
    sdp = admit_sdp(body.sdp)
    return messages.PeerAnswer(sdp=await services.probes.offer(speaker.seat, body.path, body.peer, sdp))


async def check_close(services: Services, connection: Connection, body: messages.CheckClose) -> None:
    """The test is over."""
    speaker = await access_speaker(services, connection, body.seat)
    services.probes.close(speaker.seat)


async def check_report(services: Services, connection: Connection, body: messages.CheckReport) -> Wire:
    """Keep what the browser found, and say what it means."""
    speaker = await access_speaker(services, connection, body.seat)
    services.probes.close(speaker.seat)
    findings = Findings(
        webrtc=body.webrtc,
        microphone=Device(body.microphone),
        camera=Device(body.camera),
        speaker=Speaker(body.speaker),
        paths=tuple(PathFinding(PathKind(found.path), found.works, found.round_trip_ms) for found in body.paths),
        up_bps=body.up_bps,
        down_bps=body.down_bps,
    )
    check, effects = await services.rooms.record_check(speaker.seat, findings)
    services.carry_out(effects)
    services.metrics.checks.labels(check.expect.value).inc()
    return views.check_result(check)


async def _access_relay(services: Services, connection: Connection, seat: str) -> SeatIdentity:
    """Who may use the relay: not a seat that was left, nor one whose consultation is over."""
    speaker = await access_speaker(services, connection, seat)
    access_room(await services.rooms.consultation(speaker.seat), speaker.seat)
    return speaker


HANDLERS: dict[str, Handler] = {
    "ice_get": ice_get,
    "check_offer": check_offer,
    "check_close": check_close,
    "check_report": check_report,
}
