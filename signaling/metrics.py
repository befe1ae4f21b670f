"""The figures of one process for Prometheus. Decides names and labels: codes and ids of departments, no person, no address.

Counters are told by whoever does the thing; gauges of what is stored are read when they are asked for (`measure`).
"""

import asyncio
from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from rooms import effects as orders
from rooms.model import State

_SHOWN_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0)  # the promise is 0.3 s
_LOOK_S = 0.5
_LAG_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """Everything that is counted here."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.transitions = self._counter(
            "consultation_transitions", "Steps of consultations: ended by reason, recoveries (interrupted to live), and the rest",
            "before", "after", "reason",
        )  # fmt: skip
        self.offers = self._counter("offers", "Offers by what became of them (made: all of them)", "outcome")
        self.offer_shown = Histogram(
            "consilium_offer_shown_seconds", "From the moment a doctor could be offered somebody to the card on the desk",
            buckets=_SHOWN_S, registry=self.registry,
        )  # fmt: skip
        self.messages = self._counter("messages", "Messages of browsers by name", "message")
        self.refusals = self._counter("refusals", "Messages and requests refused, by code", "code")
        self.requests = self._counter("requests", "HTTP requests by route and status", "method", "route", "status")
        self.states = self._counter("states_sent", "States sent to browsers by name", "state")
        self.sign_ins = self._counter("sign_ins", "Attempts to sign in by outcome", "outcome")
        self.checks = self._counter("device_checks", "Device and network tests by what to expect", "expect")
        self.ratings = self._counter("ratings", "Consultations rated by the patient, as first given", "rating")
        self.cut = self._counter("connections_cut", "Connections closed by us, by reason", "reason")
        self.loop_lag = Histogram(
            "consilium_loop_lag_seconds", "How late the event loop is", buckets=_LAG_S, registry=self.registry
        )
        self.waiting = Gauge("consilium_waiting", "Patients in line", ["hospital"], registry=self.registry)
        places = ["hospital", "department"]
        self.on_duty = Gauge("consilium_doctors_on_duty", "Doctors on duty at their desks", places, registry=self.registry)
        self.consultations = Gauge(
            "consilium_consultations", "Consultations under way by state", ["state"], registry=self.registry
        )
        self.letters = Gauge("consilium_letters_waiting", "Mails that have not left yet", registry=self.registry)
        self.measured = Gauge("consilium_measured", "Whether the gauges of what is stored could be read", registry=self.registry)
        self.measure: Callable[[], Awaitable[None]] = _nothing

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"consilium_{name}", words, labels, registry=self.registry)

    def gauge(self, name: str, words: str, value: Callable[[], float]) -> None:
        """A figure that this process knows at any moment."""
        Gauge(f"consilium_{name}", words, registry=self.registry).set_function(value)

    def told(self, effect: orders.Effect) -> None:
        """Count what the domain has decided. Each effect is handed out once, on the node that decided it."""
        match effect:
            case orders.OfferConsultation():
                self.offers.labels("made").inc()
            case orders.WithdrawOffer(reason=reason):
                self.offers.labels(reason.value).inc()
            case orders.ConsultationMoved(before=before, after=after, reason=reason):
                self.transitions.labels(before.value, after.value, reason).inc()
                if (before, after) == (State.OFFERED, State.CONNECTING):
                    self.offers.labels("accepted").inc()
            case _:
                pass

    async def watch_loop(self) -> None:
        """Measure how late this process is, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LOOK_S
            await asyncio.sleep(_LOOK_S)
            self.loop_lag.observe(max(0.0, loop.time() - due))


async def _nothing() -> None:
    pass
