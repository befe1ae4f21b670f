"""One live connection to a seat and to a desk; the newest wins and the older one's end changes nothing."""

from common.ids import ConsultationId, HospitalId, PractitionerId, SeatId
from signaling.limits import Bucket
from signaling.socket.connections import Connection, Connections
from signaling.socket.gateway import MESSAGE_RATE

H = HospitalId("h_aaaaaaaaaaaaaaaa")
SEAT = SeatId("s_aaaaaaaaaaaaaaaa")
DESK_SEAT = SeatId("s_bbbbbbbbbbbbbbbb")
C = ConsultationId("c_aaaaaaaaaaaaaaaa")
DOCTOR = PractitionerId("p_aaaaaaaaaaaaaaaa")


def seat(sid: str) -> Connection:
    return Connection(sid, H, Bucket(MESSAGE_RATE, 0), seat=SEAT, consultation=C)


def desk(sid: str) -> Connection:
    return Connection(sid, H, Bucket(MESSAGE_RATE, 0), practitioner=DOCTOR)


def test_the_newest_connection_of_a_seat_wins() -> None:
    connections = Connections()
    first, second = seat("1"), seat("2")
    assert connections.add(first) is None
    assert connections.add(second) is first
    assert connections.of_seat(SEAT) is second
    assert connections.remove("1") is None  # it stood for nothing any more
    assert connections.of_seat(SEAT) is second
    assert connections.remove("2") is second
    assert connections.of_seat(SEAT) is None
    assert not connections.in_consultation(C)
    assert connections.of_hospital(H) == []


def test_a_desk_sits_down_and_stands_up() -> None:
    connections = Connections()
    doctor = desk("d")
    connections.add(doctor)
    connections.sit(doctor, DESK_SEAT, C)
    assert connections.of_seat(DESK_SEAT) is doctor
    assert connections.in_consultation(C)
    assert connections.seated_desks() == 1
    connections.sit(doctor, None, None)
    assert connections.of_seat(DESK_SEAT) is None
    assert not connections.in_consultation(C)
    assert connections.of_desk(DOCTOR) is doctor
    assert connections.remove("d") is doctor


def test_a_replaced_desk_keeps_nothing() -> None:
    connections = Connections()
    old, new = desk("old"), desk("new")
    connections.add(old)
    connections.sit(old, DESK_SEAT, C)
    assert connections.add(new) is old
    assert connections.remove("old") is None  # before the new one has sat down: it stands for the doctor all the same
    connections.sit(new, DESK_SEAT, C)
    assert connections.of_seat(DESK_SEAT) is new
    assert connections.of_desk(DOCTOR) is new
