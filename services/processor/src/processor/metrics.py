"""What Prometheus sees of a processor."""

import time
from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition
from prometheus_client import Counter, Gauge, Histogram

from chassis.metrics import new_registry
from contracts.reasons import Reason
from processor.plan import Batch, DeadLetter, Tally

VISIBLE_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3_600, 86_400)


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = new_registry()
        self.records = Counter(
            "tideline_processor_records",
            "Records taken, by what became of them.",
            ["topic", "result"],
            registry=self.registry,
        )
        self.refused = Counter(
            "tideline_processor_dead_letters", "Dead letters, by reason.", ["topic", "reason"], registry=self.registry
        )
        self.open = Gauge(
            "tideline_processor_dead_letters_open",
            "Dead letters that are neither replayed nor discarded, by reason; of all copies.",
            ["reason"],
            registry=self.registry,
        )
        self.transactions = Counter(
            "tideline_processor_transactions", "Transactions committed.", registry=self.registry
        )
        self.seconds = Histogram(
            "tideline_processor_transaction_seconds", "Time from BEGIN to the answer of COMMIT.", registry=self.registry
        )
        self.visible = Histogram(
            "tideline_processor_visible_seconds",
            "From the append of a batch's first record to Kafka until its commit.",
            registry=self.registry,
            buckets=VISIBLE_S,
        )
        self.lag = Gauge(
            "tideline_processor_lag_records",
            "Records behind the end of the log, of the partitions owned.",
            ["topic", "partition"],
            registry=self.registry,
        )
        self.fenced = Counter(
            "tideline_processor_fenced", "Transactions given up to another owner.", registry=self.registry
        )
        self.retries = Counter(
            "tideline_processor_retries", "Batches read again after an error.", registry=self.registry
        )
        self.undelivered = Counter(
            "tideline_processor_undelivered_offsets",
            "Offsets that Kafka never delivered.",
            ["topic"],
            registry=self.registry,
        )
        self.ready = Gauge("tideline_processor_ready", "1 when ready, else 0.", registry=self.registry)
        self.partitions = Gauge("tideline_processor_partitions", "Partitions owned.", registry=self.registry)
        self.partitions_refused = Gauge(
            "tideline_processor_partitions_refused",
            "Partitions whose log is not the one read before.",
            registry=self.registry,
        )

    def took(
        self, batches: Sequence[Batch], tallies: Sequence[Tally], letters: Sequence[tuple[int, DeadLetter]]
    ) -> None:
        """Count a committed transaction."""
        self.transactions.inc()
        now = time.time()
        for batch, tally in zip(batches, tallies, strict=True):
            topic = batch.claim.topic
            self.records.labels(topic, "accepted").inc(tally.accepted)
            self.records.labels(topic, "duplicate").inc(tally.duplicate)
            self.records.labels(topic, "rejected").inc(tally.rejected)
            self.visible.observe(max(0.0, now - batch.records[0].timestamp / 1_000))
            self.undelivered.labels(topic).inc(sum(gap.end - gap.start for gap in batch.gaps))
        for source, letter in letters:
            self.refused.labels(batches[source].claim.topic, letter.reason.value).inc()

    def behind(self, lag: Mapping[TopicPartition, int]) -> None:
        """How far each owned partition is behind; the others are somebody else's to tell."""
        self.lag.clear()
        for partition, records in lag.items():
            self.lag.labels(partition.topic, partition.partition).set(records)

    def count_open(self, by_reason: Mapping[str, int]) -> None:
        """How many dead letters are open; every reason is always told."""
        for reason in {reason.value for reason in Reason} | by_reason.keys():
            self.open.labels(reason).set(by_reason.get(reason, 0))
