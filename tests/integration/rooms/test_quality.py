"""A worker's word on its way: to whom it is pushed, and once into the timeline, whoever else hears it."""

from collections.abc import Callable
from typing import Any, cast

from common.ids import SeatId, new_id
from common.wire import Wire
from media.control.messages import QualityChanged
from rooms.flights import Flights
from rooms.model import Clarity
from rooms.store.sql import SqlRoomsStore
from signaling.flights import FlightRecorder
from signaling.limits import Bucket, Rate
from signaling.placement import Placements
from signaling.quality import QualityPost
from signaling.socket.connections import Connection, Connections
from signaling.socket.messages import QualitySeen
from tests.integration.rooms.conftest import HOSPITAL, Node
from tests.integration.rooms.test_timeline import events, holder, timelines, told
from tests.processes import wait_for


def word(seat: SeatId, rung: Any, reason: Any = "bandwidth") -> QualityChanged:
    return QualityChanged(
        peer=new_id("p"), label=seat, rung=rung, reason=reason, limit_bps=200_000, told_rung=rung, told_reason=reason,
        rate_bps=190_000, estimate_bps=None, loss_up=0.0123456, loss_down=0.0, round_trip_ms=80.4,
    )  # fmt: skip


class Post:
    """A process's post over a node, and what its browsers were sent."""

    def __init__(self, node: Node) -> None:
        self.sent: list[tuple[Connection, QualitySeen]] = []
        self.connections = Connections()
        self.post = QualityPost(
            cast(Placements, None),  # only reports go there
            timelines(node),
            self.connections,
            node.clock,
            FlightRecorder(Flights(SqlRoomsStore(node.database)), self.connections, node.clock),
            send=self.send,
            carry_out=lambda _: None,
        )

    async def send(self, connection: Connection, name: str, body: Wire) -> None:
        assert name == "quality_seen" and isinstance(body, QualitySeen)
        self.sent.append((connection, body))


async def test_steps_that_last_are_told_once_by_however_many_processes(open_node: Callable[[], Node], node: Node) -> None:
    grant, _, _ = await node.call()
    patient = await holder(node, grant.seat)
    posts = [Post(node), Post(open_node())]
    for rung, reason in (("hd", "start"), ("low", "bandwidth"), ("stills", "loss"), ("low", "better"), ("hd", "better")):
        for one in posts:
            one.post.hear(patient.consultation, word(patient.seat, rung, reason))

        async def stored(rung: str = rung) -> bool:
            (consultation,) = await timelines(node).consultations([patient.consultation])
            there = any(seat.id == patient.seat and seat.clarity is Clarity(rung) for seat in consultation.seats)
            return there and all(one.post.idle for one in posts)  # else the slower process tells its former word last

        await wait_for(stored, 10, f"{rung} to be stored")
    for one in posts:
        await one.post.stop()
    assert events(await told(node, patient))[-4:] == [
        ("picture_smaller", "bandwidth"),
        ("picture_stills", "loss"),
        ("picture_back", "better"),
        ("picture_larger", "better"),
    ]


async def test_only_those_with_media_in_the_call_hear_of_it(node: Node) -> None:
    grant, doctors_seat, _ = await node.call()
    patient = await holder(node, grant.seat)
    post = Post(node)
    for seat in (patient.seat, doctors_seat):
        connection = Connection(
            new_id("c"), HOSPITAL, Bucket(Rate(1, 1), 0.0), seat=seat, consultation=patient.consultation, identity=patient
        )
        connection.open = True
        post.connections.add(connection)
    post.post.hear(patient.consultation, word(patient.seat, "hd"))

    async def pushed() -> bool:
        return len(post.sent) >= 1

    await wait_for(pushed, 5, "the push")
    await post.post.stop()
    ((to, body),) = post.sent
    assert to.seat == patient.seat, "the worker has spoken of nobody else: who left hears nothing more"
    assert body.loss_up == 0.012
