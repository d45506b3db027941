import json
from datetime import UTC, datetime

from producer import host
from producer.host import Counters


def test_rates_are_what_happened_between_two_readings() -> None:
    before = Counters(at_s=10, cpu_s=40, cpu_busy_s=10, disk_read=100, received=5_000, sent=7)
    after = Counters(at_s=12, cpu_s=48, cpu_busy_s=12, disk_read=300, received=6_000, sent=7)
    assert host.rates(before, after) == {
        "cpu_percent": 25,
        "disk_read_bytes_per_s": 100,
        "disk_write_bytes_per_s": 0,
        "network_received_bytes_per_s": 500,
        "network_sent_bytes_per_s": 0,
    }


def test_a_counter_that_began_again_is_no_negative_rate() -> None:
    assert set(host.rates(Counters(1, 9, 9, 9, 9, 9, 9), Counters(2)).values()) == {0}


def test_this_machine_has_figures_in_their_ranges() -> None:
    figures = host.levels("/") | host.rates(host.read_counters(1), host.read_counters(2))
    assert all(0 <= figures[name] <= 100 for name in ("cpu_percent", "memory_percent", "disk_percent"))
    assert figures["memory_used_bytes"] > 1_000_000


def test_figures_of_one_second_share_its_time_and_differ_in_id() -> None:
    figures = {"cpu_percent": 12.5, "memory_percent": 40.0}
    records = host.host_records(
        "host", 2, 60, int(datetime(2026, 3, 1, 0, 1, tzinfo=UTC).timestamp()) * 1_000_000, figures
    )
    events = [json.loads(value) for _, value in records]
    assert [key for key, _ in records] == [b"host/cpu_percent", b"host/memory_percent"]
    assert {event["timestamp"] for event in events} == {"2026-03-01T00:01:00.000000Z"}
    assert len({event["id"] for event in events}) == 2
    assert records == host.host_records("host", 2, 60, 1_772_323_260_000_000, figures)
