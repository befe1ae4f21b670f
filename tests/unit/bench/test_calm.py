"""Moments in which the machine is slow are told from those in which the relay is."""

import numpy as np

from bench.calm import AFTER, BEFORE, LOOK, calm_looks, calm_of, slow_looks


def _looks(probes_ns: list[int], cpu_ns: list[int], received: list[int]) -> np.ndarray:
    looks = np.zeros(len(probes_ns), dtype=LOOK)
    looks["probe_ns"], looks["server_cpu_ns"] = probes_ns, np.cumsum(cpu_ns)
    looks["at_ns"] = np.arange(len(probes_ns)) * 20_000_000
    looks["received"] = looks["latencies"] = np.cumsum(received)
    return looks


def test_a_steady_machine_is_calm_once_it_was_for_a_while_though_its_probes_differ_a_little() -> None:
    assert calm_looks(np.array([35, 36, 34, 40, 45, 35, 34, 36])).tolist() == [False] * AFTER + [True] * 3


def test_a_slow_moment_spoils_what_stands_before_and_behind_it() -> None:
    probes = np.array([35] * 10 + [420] + [35] * 10)
    assert np.flatnonzero(slow_looks(probes)).tolist() == [10]
    assert np.flatnonzero(~calm_looks(probes)[AFTER:]).tolist() == [at - AFTER for at in range(10 - BEFORE, 10 + AFTER + 1)]


def test_figures_are_of_calm_moments_alone() -> None:
    slow = 10
    probes = [35 if at != slow else 420 for at in range(30)]
    cpu_ns = [1_000_000 if at != slow else 12_000_000 for at in range(30)]
    looks = _looks(probes, cpu_ns, [100] * 30)
    latencies = np.array([1.0 if not slow <= at // 100 <= slow + 2 else 25.0 for at in range(3000)])
    calm = calm_of(looks, latencies)
    assert calm is not None
    assert (calm.cpu_us_per_packet, calm.cpu_pct) == (10, 5)
    assert set(calm.latencies_ms) == {1.0}
    assert len(calm.latencies_ms) == 100 * (30 - AFTER - BEFORE - 1 - AFTER)
    assert round(calm.slowed_pct, 1) == 3.3


def test_a_relay_that_is_slow_by_itself_stays_slow() -> None:
    looks = _looks([35] * 30, [1_000_000 if at != 10 else 12_000_000 for at in range(30)], [100] * 30)
    calm = calm_of(looks, np.array([1.0] * 1500 + [25.0] * 1500))
    assert calm is not None
    assert calm.cpu_us_per_packet > 13
    assert np.percentile(calm.latencies_ms, 99) == 25


def test_a_run_without_looks_has_no_calm_figures() -> None:
    assert calm_of(_looks([], [], []), np.array([])) is None
    assert calm_of(_looks([35], [5], [0]), np.array([])) is None


def test_connections_that_carry_nothing_cost_time_all_the_same() -> None:
    calm = calm_of(_looks([35] * 30, [400_000] * 30, [0] * 30), np.array([]))
    assert calm is not None
    assert (calm.cpu_pct, calm.cpu_us_per_packet, len(calm.latencies_ms)) == (2, float("inf"), 0)
