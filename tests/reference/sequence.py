"""Numbers of RTP packets: what arrived (RFC 3550, A.1, A.3, A.8), and one continuous numbering for each receiver.

It decides which packets of a source fall into a receiver's numbering; it never holds packets back or reorders them.
"""

from dataclasses import dataclass

MAX_DROPOUT = 3000
"""A jump further ahead is a restarted source (RFC 3550, A.1)."""
MAX_MISORDER = 250
"""Older than this is refused; it is also libsrtp's window here."""
_MAX_STRETCHES = 64
REMEMBERED = 1024
"""Sequence numbers remembered for telling a retransmission that is news from one that is not."""
_SEQUENCES = 1 << 16
_TIMESTAMPS = 1 << 32


def unwrap(number: int, near: int) -> int:
    """The 16-bit `number` as the unbounded one nearest to `near`."""
    return near + ((number - near + 0x8000) & 0xFFFF) - 0x8000


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From input number `first` on, output is input + `shift`."""

    first: int
    shift: int


class OutputNumbers:
    """Sequence numbers and timestamps of one sink, continuous whatever feeds it.

    Gaps of the source stay gaps (they are losses the receiver may ask for again); packets left out on purpose leave none.
    """

    def __init__(self, clock_rate: int, first_sequence: int, first_timestamp: int) -> None:
        self._clock_rate = clock_rate
        self._next_sequence = first_sequence
        self._last_timestamp = first_timestamp
        self._last_time: float | None = None
        self._stretches: list[_Stretch] = []
        self._highest = 0
        self._timestamp_shift = 0
        self._suspect: int | None = None
        self._first = first_sequence
        """The number that the present source began with."""

    def switch(self) -> None:
        """Forgets the source: the next packet accepted is the first of another one."""
        self._stretches.clear()
        self._suspect = None

    def accept(self, sequence: int, timestamp: int, now: float, *, again: bool = False) -> tuple[int, int] | None:
        """Numbers for a packet to be sent, or none when it is too old or the source jumped and has yet to confirm it."""
        if not self._stretches:
            self._begin(sequence, timestamp, now)
            self._first = self._next_sequence
        number = unwrap(sequence, self._highest)
        if number > self._highest + MAX_DROPOUT or number < self._highest - MAX_MISORDER:
            if again:
                return None  # old ones in a row are no other numbering
            if self._suspect != sequence:
                self._suspect = (sequence + 1) % _SEQUENCES
                return None
            self._begin(sequence, timestamp, now)
            number = self._highest
        shift = self._shift_of(number)
        if shift is None:
            return None
        out_timestamp = (timestamp + self._timestamp_shift) % _TIMESTAMPS
        # Also for a late packet: behind one left out it takes the highest number yet, which no other may ever bear.
        self._next_sequence = max(self._next_sequence, number + shift + 1)
        if number >= self._highest:
            self._highest = number
            self._suspect = None
            self._last_timestamp, self._last_time = out_timestamp, now
        return (number + shift) % _SEQUENCES, out_timestamp

    def leave_out(self, sequence: int) -> bool:
        """Closes the place of a packet that is not to be sent; false when it came late and its place stands already."""
        if not self._stretches:
            return True
        number = unwrap(sequence, self._highest)
        if number <= self._highest:
            return False
        if number > self._highest + MAX_DROPOUT:
            return True
        last = self._stretches[-1]
        self._highest = number
        following = _Stretch(number + 1, last.shift - 1)
        if last.first == number:
            self._stretches[-1] = following
        else:
            self._stretches.append(following)
            del self._stretches[:-_MAX_STRETCHES]
        return True

    def source_sequence(self, sequence: int) -> int | None:
        """The source's number of a packet that the receiver misses, or none when it was never one of this source."""
        if not self._stretches:
            return None
        output = unwrap(sequence, self._next_sequence - 1)
        upper: int | None = None
        for stretch in reversed(self._stretches):
            number = output - stretch.shift
            if number >= stretch.first and (upper is None or number < upper):
                return number % _SEQUENCES if number <= self._highest else None
            upper = stretch.first
        return None

    def since_switch(self, sequence: int) -> int | None:
        """The unbounded number of a packet that was sent since the present source began, or none when it is none."""
        number = unwrap(sequence, self._next_sequence - 1)
        return number if self._stretches and self._first <= number < self._next_sequence else None

    def map_timestamp(self, timestamp: int) -> int | None:
        """A source's timestamp (of a sender report) in this numbering; none before the first packet."""
        return (timestamp + self._timestamp_shift) % _TIMESTAMPS if self._stretches else None

    def _begin(self, sequence: int, timestamp: int, now: float) -> None:
        elapsed = 0 if self._last_time is None else max(1, round((now - self._last_time) * self._clock_rate))
        self._timestamp_shift = self._last_timestamp + elapsed - timestamp
        self._highest = sequence
        self._stretches = [_Stretch(sequence, self._next_sequence - sequence)]

    def _shift_of(self, number: int) -> int | None:
        for stretch in reversed(self._stretches):
            if number >= stretch.first:
                return stretch.shift
        return None


class Arrivals:
    """Which of a source's last packets have come: one that was sent again is passed on only where the first was missed."""

    def __init__(self) -> None:
        self._highest: int | None = None
        self._there: set[int] = set()

    def note(self, sequence: int) -> None:
        number = sequence if self._highest is None else unwrap(sequence, self._highest)
        if self._highest is None or abs(number - self._highest) >= REMEMBERED:
            self._there.clear()
            self._highest = number
        self._highest = max(self._highest, number)
        self._there.add(number)
        self._there = {known for known in self._there if known > self._highest - REMEMBERED}

    def lacks(self, sequence: int) -> bool:
        """Whether a packet sent again is news: it has not come yet, and is not older than what is remembered."""
        if self._highest is None:
            return True
        number = unwrap(sequence, self._highest)
        return number > self._highest - REMEMBERED and number not in self._there

    def forget(self, sequence: int) -> None:
        """Somebody still misses the packet: sent again, it is news."""
        if self._highest is not None:
            self._there.discard(unwrap(sequence, self._highest))


@dataclass(frozen=True, slots=True)
class ReceptionReport:
    """The figures of an RTCP report block: fraction in 1/256, lost in packets, jitter in timestamp units."""

    fraction_lost: int
    lost: int
    highest: int
    jitter: int


class Reception:
    """What arrived of one source."""

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._base = self._highest = 0
        self._reported_expected = self._reported_packets = 0
        self._transit: float | None = None
        self._jitter = 0.0
        self._counted = 0
        self.packets = 0
        self.octets = 0

    @property
    def lost(self) -> int:
        """Packets missing so far; negative after duplicates."""
        return self._expected() - self._counted

    @property
    def jitter_ms(self) -> float:
        return self._jitter * 1000 / self._clock_rate

    def received(self, sequence: int, timestamp: int, size_bytes: int, now: float) -> None:
        """Counts one packet that arrived at `now` (seconds, any monotonic clock)."""
        if not self._counted:
            self._base = self._highest = sequence
        number = unwrap(sequence, self._highest)
        if abs(number - self._highest) > MAX_DROPOUT:
            self._restart(sequence)
            number = sequence
        self.packets += 1
        self.octets += size_bytes
        self._counted += 1
        if number > self._highest or self._counted == 1:
            self._highest = number
            self._measure_jitter(timestamp, now)

    def report(self) -> ReceptionReport:
        """The block since the last one."""
        expected = self._expected()
        expected_now = expected - self._reported_expected
        lost_now = expected_now - (self._counted - self._reported_packets)
        self._reported_expected, self._reported_packets = expected, self._counted
        fraction = (lost_now << 8) // expected_now if lost_now > 0 and expected_now > 0 else 0
        lost = max(-0x800000, min(0x7FFFFF, self.lost))
        return ReceptionReport(min(255, fraction), lost, self._highest & 0xFFFFFFFF, int(self._jitter))

    def _expected(self) -> int:
        return self._highest - self._base + 1 if self._counted else 0

    def _restart(self, sequence: int) -> None:
        self._base = self._highest = sequence
        self._counted = self._reported_expected = self._reported_packets = 0
        self._transit = None

    def _measure_jitter(self, timestamp: int, now: float) -> None:
        transit = now * self._clock_rate - timestamp
        if self._transit is not None:
            difference = abs(transit - self._transit)
            if difference < self._clock_rate * 10:  # a wrapped timestamp is not jitter
                self._jitter += (difference - self._jitter) / 16
        self._transit = transit
