"""The flight recorder over a real database of either kind: nothing heard by two nodes is lost, and figures are for the doctor."""

import asyncio
from collections.abc import Callable

from rooms.flight import SPAN_S, Cause, Flight, Span
from rooms.flights import Flights
from rooms.model import Role
from rooms.store.sql import SqlRoomsStore
from signaling.flights import FlightRecorder
from signaling.limits import Bucket, Rate
from signaling.socket.connections import Connection, Connections
from signaling.socket.messages.quality import PictureReport, SeatQuality
from tests.integration.rooms.conftest import HOSPITAL, Node
from tests.integration.rooms.test_quality import word
from tests.integration.rooms.test_timeline import holder


def lossy(began_at: float, spans: int, loss: float = 0.2) -> Flight:
    flight = Flight.of(began_at, Span(loss_up=loss, path="udp"))
    for index in range(1, spans):
        flight = flight.heard(began_at + index * SPAN_S, Span(loss_up=loss))
    return flight


async def test_two_nodes_keep_what_each_heard_of_one_seat(open_node: Callable[[], Node]) -> None:
    one, other = open_node(), open_node()
    grant, seat, _ = await one.call()
    key, begun = (grant.consultation, grant.seat), one.clock.now()
    services = [Flights(SqlRoomsStore(node.database)) for node in (one, other)]
    await asyncio.gather(
        *(services[turn % 2].keep({key: lossy(begun + turn * SPAN_S, 1, loss=turn / 100)}) for turn in range(12))
    )
    report = await services[1].report(await holder(other, seat))
    losses = [span.loss_up if span is not None else None for span in report.flights[grant.seat].spans]
    assert losses == [turn / 100 for turn in range(12)]
    assert report.roles[grant.seat] is Role.PATIENT


async def test_the_patient_is_told_the_reason_and_the_doctor_the_figures(open_node: Callable[[], Node]) -> None:
    node = open_node()
    grant, seat, _ = await node.call()
    flights = Flights(SqlRoomsStore(node.database))
    await flights.keep({(grant.consultation, grant.seat): lossy(node.clock.now(), 6)})
    patient = await flights.report(await holder(node, grant.seat))
    assert patient.flights == {}
    assert patient.verdict is not None and (patient.verdict.cause, patient.verdict.seat) == (Cause.LOSS, grant.seat)
    doctor = await flights.report(await holder(node, seat))
    assert doctor.verdict == patient.verdict and list(doctor.flights) == [grant.seat]


async def test_another_calls_figures_are_nobody_elses(open_node: Callable[[], Node]) -> None:
    node = open_node()
    grant, _, _ = await node.call(1)
    other, seat, _ = await node.call(2)
    flights = Flights(SqlRoomsStore(node.database))
    await flights.keep({(grant.consultation, grant.seat): lossy(node.clock.now(), 6)})
    report = await flights.report(await holder(node, seat))
    assert (report.verdict, report.flights) == (None, {})
    assert other.consultation != grant.consultation


async def test_what_worker_and_browser_say_of_a_seat_here_is_kept_and_of_others_not(open_node: Callable[[], Node]) -> None:
    node = open_node()
    grant, seat, _ = await node.call()
    connections = Connections()
    bucket = Bucket(Rate(per_s=1, burst=1), 0.0)
    connections.add(Connection("sid", HOSPITAL, bucket, seat=grant.seat, consultation=grant.consultation))
    recorder = FlightRecorder(Flights(SqlRoomsStore(node.database)), connections, node.clock)
    for label in (grant.seat, seat):  # the doctor's browser is connected to another process
        recorder.hear(grant.consultation, word(label, "low"))
    picture = PictureReport(seat=seat, frozen_ms=700)
    report = SeatQuality(seat=grant.seat, limit_bps=None, path="turn_tls", pictures=[picture])
    recorder.report(await holder(node, grant.seat), report)
    await recorder.keep()
    flights = (await Flights(SqlRoomsStore(node.database)).report(await holder(node, seat))).flights
    assert list(flights) == [grant.seat]
    [span] = flights[grant.seat].spans
    assert span == Span(190_000, None, 0.012, 0.0, 80, 700, "low", "turn_tls")
