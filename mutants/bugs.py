"""The list of seeded bugs: each is one replacement in one file, and names the test that must fail because of it."""

from dataclasses import dataclass
from pathlib import Path

PROCESSOR = "services/processor/src/processor"
PRODUCER = "services/producer/src/producer"
QUERY_API = "services/query-api/src/query_api"
CONTRACTS = "contracts/src/contracts"

SCHEDULES = "tests/integration/test_loop_schedules.py::test_every_schedule_ends_exact"
TRANSACTION = "tests/integration/test_processor_transaction.py"
REPLAYS = "tests/integration/test_replay_transaction.py"
DEEP = "tests/integration/test_audit_deep.py"
LOGS = "tests/integration/test_processor_logs.py"
PARTITIONS = "services/processor/tests/test_partitions.py"
AGGREGATE = "services/processor/tests/test_aggregate.py"
DECODE = "services/processor/tests/test_decode.py"
RETENTION = "tests/integration/test_raw_retention.py"
HORIZON = "infra/postgres/migrations/20261121000011_raw_retention.sql"
RUN = "services/producer/tests/test_run.py"


@dataclass(frozen=True)
class Mutant:
    """`old` stands exactly once in `file`; with `new` in its place `test` fails."""

    name: str
    bug: str
    file: str
    old: str
    new: str
    test: str

    def applied(self, root: Path) -> str:
        """The text of the file with the bug; raises ValueError where the code has moved on."""
        text = (root / self.file).read_text()
        if (found := text.count(self.old)) != 1:
            raise ValueError(f"mutant `{self.name}`: its place is {found} times in {self.file}: adjust mutants/bugs.py")
        return text.replace(self.old, self.new)


MUTANTS = (
    # who may write
    Mutant(
        "no compare-and-set", "whoever comes moves the offsets, wherever they stand",
        f"{PROCESSOR}/sql/hold.sql",
        "WHERE o.epoch = held.epoch AND o.next_offset = held.next_offset AND held.server", "WHERE held.server",
        f"{TRANSACTION}::test_a_batch_committed_twice_counts_once",
    ),
    Mutant(
        "epoch read at commit", "a batch that outlived a rebalance is not fenced by the claim it was fetched under",
        f"{PROCESSOR}/sql/hold.sql",
        "o.epoch = held.epoch AND ", "",
        f"{TRANSACTION}::test_a_partition_moves_only_for_who_claimed_it_last",
    ),
    Mutant(
        "claim without a new epoch", "a former owner stays as good as the new one",
        f"{PROCESSOR}/sql/claim.sql",
        "SET epoch = o.epoch + 1", "SET epoch = o.epoch",
        f"{TRANSACTION}::test_a_partition_moves_only_for_who_claimed_it_last",
    ),
    Mutant(
        "an older copy", "after a failover series are written under the ids that they had before",
        f"{PROCESSOR}/consume.py",
        "        self._pipeline.forget()\n", "",
        "tests/chaos/test_postgres_faults.py::test_an_older_copy_of_the_database_catches_up_from_kafka",
    ),
    Mutant(
        "an older copy not noticed", "an idle process does not see that Postgres was put back in time",
        f"{PROCESSOR}/consume.py",
        "                    await self._guarded(self._compare())\n", "                    continue\n",
        "tests/chaos/test_postgres_faults.py::test_an_older_copy_of_the_database_catches_up_from_kafka",
    ),
    Mutant(
        "some are enough", "a transaction goes on when one of its partitions was lost",
        f"{PROCESSOR}/offsets.py",
        "if len(held) != len(batches):", "if not held:",
        f"{TRANSACTION}::test_one_partition_that_was_lost_fences_the_whole_transaction",
    ),
    # one transaction
    Mutant(
        "dead letters outside the transaction", "they stay when the transaction is rolled back",
        f"{PROCESSOR}/pipeline.py",
        "        new_letters = await dead_letters.keep(connection, plan.batches, assemble.new_letters(plan))\n",
        "        async with self._pool.acquire() as other:\n"
        "            new_letters = await dead_letters.keep(other, plan.batches, assemble.new_letters(plan))\n",
        SCHEDULES,
    ),
    Mutant(
        "aggregate before dedupe", "a repeated reading is left out of raw and still counted in windows",
        f"{PROCESSOR}/pipeline.py",
        "samples = join(readings, ", "samples = join(plan.readings, ",
        SCHEDULES,
    ),
    Mutant(
        "COMMIT taken for done", "when its answer is lost the batch is taken for committed",
        f"{PROCESSOR}/pipeline.py",
        "                _drop(connection)  # whether it was committed is unknown\n                raise\n",
        "                _drop(connection)  # whether it was committed is unknown\n",
        f"{TRANSACTION}::test_a_commit_that_fails_is_an_error_and_nothing_is_stored",
    ),
    Mutant(
        "position told before COMMIT", "Kafka is told an offset that Postgres does not have yet",
        f"{PROCESSOR}/consume.py",
        "        await self._pipeline.commit(plan)\n        self._partitions.committed(plan.batches)\n",
        "        self._partitions.committed(plan.batches)\n        await self._pipeline.commit(plan)\n",
        f"{TRANSACTION}::test_a_transaction_that_failed_moves_nothing_and_is_made_again",
    ),
    Mutant(
        "positions kept after an error", "after a failed transaction the process goes on behind it",
        f"{PROCESSOR}/consume.py",
        "    def _start_over(self, pause_s: float, why: str) -> None:\n        self._partitions.drop()\n",
        "    def _start_over(self, pause_s: float, why: str) -> None:\n",
        f"{TRANSACTION}::test_a_transaction_that_failed_moves_nothing_and_is_made_again",
    ),
    Mutant(
        "unsorted windows", "two writers lock the same windows in different orders",
        f"{PROCESSOR}/sql/upsert_windows.sql",
        "ORDER BY series_id, start\n", "",
        f"{TRANSACTION}::test_windows_are_locked_in_the_order_of_their_key_whatever_order_they_come_in",
    ),
    Mutant(
        "unsorted quarters", "two writers lock the same quarters in different orders",
        f"{PROCESSOR}/sql/upsert_quarters.sql",
        "ORDER BY series_id, start\n", "",
        f"{TRANSACTION}::test_windows_are_locked_in_the_order_of_their_key_whatever_order_they_come_in",
    ),
    Mutant(
        "ledger by number of records", "a range ends too early where offsets were not delivered",
        f"{PROCESSOR}/offsets.py",
        "batch.first_offset, batch.next_offset, *counts, tally.samples))",
        "batch.first_offset, batch.first_offset + len(batch.records), *counts, tally.samples))",
        f"{TRANSACTION}::test_the_ledger_covers_offsets_that_nobody_got",
    ),
    # what is read
    Mutant(
        "latest", "a partition that was never read begins at its end",
        f"{PROCESSOR}/consume.py",
        "self._claim_one(connection, partition, starts[partition])",
        "self._claim_one(connection, partition, ends[partition])",
        "tests/integration/test_processor.py::test_everything_published_is_counted_exactly_once",
    ),
    Mutant(
        "records taken without a claim", "what Kafka delivers before the stored offset was read is taken as it comes",
        f"{PROCESSOR}/partitions.py",
        "        held = self.held.get(partition)\n        if held is None:\n            return None\n"
        "        if held.unverified",
        "        first = records[0].offset\n        held = self.held.setdefault(\n"
        "            partition, Held(Claim(*partition, 1, 1, 1, first, None), first, first, False)\n        )\n"
        "        if held.unverified",
        f"{PARTITIONS}::test_nothing_is_taken_from_a_partition_without_a_claim",
    ),
    Mutant(
        "no bookmark", "a topic that was deleted and made again is read on as if it were the same",
        f"{PROCESSOR}/partitions.py",
        "                _verify(held.claim, records[0])\n", "",
        f"{PARTITIONS}::test_another_log_is_refused_by_the_bookmark",
    ),
    Mutant(
        "old records again", "what is delivered twice is taken twice",
        f"{PROCESSOR}/partitions.py",
        "        if record.offset >= expected:\n            found.append(record)",
        "        if record.offset >= 0:\n            found.append(record)",
        f"{PARTITIONS}::test_the_same_records_are_not_taken_twice",
    ),
    Mutant(
        "a hole is a gap at once", "records that come late are booked as never delivered",
        f"{PROCESSOR}/partitions.py",
        "if first > held.fetched and held.hole != (held.fetched, first):",
        "if first > held.fetched and held.hole == (held.fetched, first):",
        f"{PARTITIONS}::test_missing_records_are_fetched_again_and_are_a_gap_when_they_stay_away",
    ),
    Mutant(
        "lost records passed over", "what retention deleted unread is left out in silence",
        f"{PROCESSOR}/partitions.py",
        "        if log_start > claim.next_offset:\n            raise",
        "        if log_start > 1 << 62:\n            raise",
        f"{PARTITIONS}::test_a_log_whose_unread_start_was_deleted_is_refused",
    ),
    Mutant(
        "lost records taken for markers", "what retention deletes while its partition is held is left out in silence",
        f"{PROCESSOR}/consume.py",
        "            if await self._were_deleted(batches):", "            if False:",
        f"{LOGS}::test_records_that_retention_deletes_while_their_partition_is_held_stop_it_too",
    ),
    Mutant(
        "all begin anew", "in a new generation partitions whose log is the same are read again",
        f"{PROCESSOR}/accept.py",
        "_begin_generation(connection, recreated, [starts[p] for p in recreated])",
        "_begin_generation(connection, partitions, [starts[p] for p in partitions])",
        f"{LOGS}::test_partitions_whose_log_is_the_same_go_on_where_they_are_in_a_new_generation",
    ),
    Mutant(
        "held though revoked", "what is revoked while it is claimed is held beside its new owner",
        f"{PROCESSOR}/consume.py",
        "            if not self._partitions.awaits(partition):\n", "            if False:\n",
        "services/processor/tests/test_loop.py::test_what_is_revoked_while_it_is_claimed_is_not_held",
    ),
    Mutant(
        "cut in a gap", "a batch cut in two ends in front of a record instead of behind one",
        f"{PROCESSOR}/assemble.py",
        "cut = batch.records[middle - 1].offset + 1", "cut = batch.records[middle].offset",
        "services/processor/tests/test_assemble.py::test_halves_end_behind_a_record_as_whole_batches_do",
    ),
    # arithmetic
    Mutant(
        "float sum", "sums are rounded at every addition",
        f"{PROCESSOR}/aggregate.py",
        "    low = np.rint((fraction - high) * TWO_31)\n", "    low = np.zeros_like(high)\n",
        f"{AGGREGATE}::test_a_sum_that_floats_get_wrong_is_exact",
    ),
    Mutant(
        "float sum in Postgres", "the sum is stored with the precision of a float",
        f"{PROCESSOR}/sql/upsert_windows.sql",
        "((s0::numeric * ", "((s0::double precision * ",
        SCHEDULES,
    ),
    Mutant(
        "quarter's minutes shifted", "the mask of minutes that have data is off by one",
        f"{PROCESSOR}/aggregate.py",
        "MINUTE_US % 15)", "MINUTE_US % 15 + 1)",
        f"{AGGREGATE}::test_windows_and_quarters_equal_the_model",
    ),
    Mutant(
        "first by arrival", "of readings at one time the first that came counts as the first",
        f"{PROCESSOR}/aggregate.py",
        "np.lexsort((samples.value, samples.timestamp_us, samples.series))",
        "np.lexsort((samples.timestamp_us, samples.series))",
        f"{AGGREGATE}::test_the_order_of_arrival_does_not_matter",
    ),
    Mutant(
        "clock in validity", "whether a time is too old depends on when the record is read",
        f"{CONTRACTS}/codec.py",
        "    check_time(time, appended, limits)\n",
        "    check_time(time, datetime.now(appended.tzinfo), limits)\n",
        f"{DECODE}::test_validity_is_told_by_the_append_time_not_by_a_clock",
    ),
    Mutant(
        "minus zero", "min and max depend on which of two equal numbers came first",
        f"{PROCESSOR}/decode.py",
        "ids, values + 0.0, offsets", "ids, values, offsets",
        f"{DECODE}::test_minus_zero_is_zero",
    ),
    Mutant(
        "replay id at random", "an event without an id is another one each time it is read",
        f"{CONTRACTS}/checks.py",
        'return uuid5(ID_NAMESPACE, f"{place.generation}/{place.topic}/{place.partition}/{place.offset}")',
        'return UUID(bytes=__import__("os").urandom(16))',
        "contracts/tests/test_examples.py",
    ),
    Mutant(
        "aborted records count", "what a publisher's transaction took back is read like everything else",
        f"{PROCESSOR}/main.py",
        'isolation_level="read_committed"', 'isolation_level="read_uncommitted"',
        "tests/chaos/test_kafka_faults.py::test_what_a_transaction_took_back_is_a_gap_and_counts_for_nothing",
    ),
    # the producer
    Mutant(
        "id from the wrong position", "after a takeover the same event has another id",
        f"{PRODUCER}/simulate/ids.py",
        'digest.update(b"%d" % position)', 'digest.update(b"%d" % (position - positions.start))',
        "services/producer/tests/test_generate.py::test_the_same_positions_give_the_same_bytes_however_they_are_cut",
    ),
    Mutant(
        "checkpoint before the answer", "what Kafka has not acknowledged counts as published",
        f"{PRODUCER}/run.py",
        "        await delivery.acknowledged()\n        progress.published += position - progress.position\n",
        "        progress.published += position - progress.position\n",
        f"{RUN}::test_the_position_moves_only_over_what_kafka_acknowledged_and_in_order",
    ),
    Mutant(
        "checkpoint left behind", "a takeover begins at the start of the run",
        f"{PRODUCER}/run.py",
        "    position = progress.position\n    in_flight", "    position = 0\n    in_flight",
        f"{RUN}::test_it_goes_on_from_the_checkpoint",
    ),
    Mutant(
        "lease not looked at", "a copy that lost its stream goes on publishing",
        f"{PRODUCER}/run.py",
        "        if time.monotonic() > self.lease_end_s:\n", "        if time.monotonic() > self.lease_end_s + 1e9:\n",
        f"{RUN}::test_nothing_is_published_after_the_lease_ended",
    ),
    Mutant(
        "a sixth stream", "one more than allowed runs",
        f"{PRODUCER}/decide.py",
        "if len(active) >= running_max:", "if len(active) > running_max:",
        "services/producer/tests/test_decide.py::test_a_sixth_stream_is_refused_by_the_names_of_the_five",
    ),
    # retention
    Mutant(
        "old again, at once", "what comes again after its raw row is gone is taken for new, decoded as columns",
        f"{PROCESSOR}/decode.py",
        "oldest = np.maximum(oldest, microseconds(limits.kept_from))", "pass",
        f"{DECODE}::test_what_is_older_than_raw_data_is_kept_is_refused_and_nothing_else",
    ),
    Mutant(
        "old again, one by one", "the same, decoded by contracts",
        f"{CONTRACTS}/times.py",
        "time < limits.kept_from", "time > time",
        "contracts/tests/test_codec.py::test_an_event_is_too_late_from_before_raw_data_is_kept",
    ),
    Mutant(
        "the horizon of no claim", "a batch is decided as if all raw data were kept",
        f"{PROCESSOR}/unpack.py",
        "replace(self._limits, kept_from=claim.kept_from)", "self._limits",
        f"{RETENTION}::test_an_event_that_comes_again_after_its_raw_row_is_gone_is_refused",
    ),
    Mutant(
        "replays by another horizon", "a dead letter that is sent again is taken, whatever its time",
        f"{PROCESSOR}/unpack.py",
        "return decode_placed([placed], limits)", "return decode_placed([placed], self._limits)",
        f"{REPLAYS}::test_one_of_a_time_whose_raw_data_is_gone_is_refused_again_as_too_late",
    ),
    Mutant(
        "horizon moves unseen", "what was decided by an earlier horizon is still committed",
        HORIZON,
        "    UPDATE offsets SET epoch = epoch + 1;\n", "",
        f"{RETENTION}::test_what_was_decided_by_an_earlier_horizon_is_not_committed",
    ),
    Mutant(
        "horizon unseen by a new claim", "a partition claimed while the horizon moves gets the old one",
        f"{PROCESSOR}/sql/claim.sql",
        "FROM raw_horizon FOR SHARE", "FROM raw_horizon",
        f"{RETENTION}::test_a_claim_and_a_horizon_that_moves_wait_for_each_other",
    ),
    Mutant(
        "months go unbooked", "what retention takes away is not counted",
        HORIZON,
        "''1 month'', sum(n), 0, ''retention''", "''1 month'', 0, 0, ''retention''",
        f"{RETENTION}::test_whole_months_go_booked_and_their_windows_stay",
    ),
    Mutant(
        "an audit across a drop", "an audit misses a month that went while it began",
        f"{QUERY_API}/database.py",
        "LOCK TABLE raw_readings, raw_rows IN ACCESS SHARE MODE;", "",
        f"{RETENTION}::test_an_audit_that_begins_while_a_month_goes_passes",
    ),
    Mutant(
        "too late, whenever", "the deep audit takes any refusal as too late on trust",
        f"{QUERY_API}/audit/expected.py",
        "kept_from is not None and found.timestamp < kept_from", "True",
        f"{DEEP}::test_what_fits_everywhere_and_not_with_kafka_is_named",
    ),
    # the query API
    Mutant(
        "mean of means", "the average of quarters is taken, whatever they count",
        f"{QUERY_API}/sql/aggregates.sql",
        "plain_sum(sum(sum)) AS sum,", "sum(count) * avg(plain_sum(sum) / count) AS sum,",
        "tests/integration/test_api_data.py::test_without_a_step_there_is_one_line_per_series",
    ),
    Mutant(
        "cursor off by one", "the last line of a page comes again on the next",
        f"{QUERY_API}/sql/readings_before.sql",
        "(timestamp, series_id, id) < ($3, $4, $5)", "(timestamp, series_id, id) <= ($3, $4, $5)",
        "tests/integration/test_api_data.py::test_raw_readings_come_newest_first_and_once_whatever_the_page",
    ),
    Mutant(
        "closed range", "a window on the end of a range is in it, and in the next one too",
        f"{QUERY_API}/sql/aggregates.sql",
        "minute >= $11 AND minute < $12", "minute >= $11 AND minute <= $12",
        "tests/integration/test_api_data.py::test_neighbouring_ranges_share_no_window_and_leave_none_out",
    ),
    Mutant(
        "last minute not over", "the last minute holds the beginning of the one under way",
        f"{QUERY_API}/sql/minute_of_stream.sql",
        "minute >= $2 AND minute < $3", "minute >= $2 AND minute <= $3",
        "tests/integration/test_door_short_routes.py::test_a_minute_ends_before_the_one_under_way",
    ),
    Mutant(
        "local days by UTC", "a day begins when London's does, whatever zone was asked for",
        f"{QUERY_API}/buckets.py",
        "return 0 if offset is None else int(offset.total_seconds())", "return 0",
        "services/query-api/tests/test_buckets.py::test_a_minute_belongs_to_the_day_that_the_zones_clocks_show",
    ),
    Mutant(
        "seen a little too far", "a follower that comes back misses the change after the last one it saw",
        f"{QUERY_API}/sse.py",
        "vector.get(key, NOWHERE) >= position for",
        "vector.get(key, NOWHERE).next_offset >= position.next_offset - 1 for",
        "services/query-api/tests/test_sse.py::test_one_more_offset_is_not_reached",
    ),
    # the fast path
    Mutant(
        "a buffer used again", "the first piece of the windows is sent once more in place of the next",
        f"{PROCESSOR}/write.py",
        "slice(start, start + AGGREGATES_SENT)", "slice(0, AGGREGATES_SENT)",
        f"{TRANSACTION}::test_windows_that_are_sent_in_pieces_are_written_once_each",
    ),
    Mutant(
        "a hint taken for the truth", "what the memory of readings knows is left out, though Postgres may not have it",
        f"{PROCESSOR}/pipeline.py",
        "await write.find_known(connection, plan.readings, plan.suspects)", "np.flatnonzero(plan.suspects)",
        f"{TRANSACTION}::test_the_memory_of_readings_is_a_hint_and_never_an_authority",
    ),
    Mutant(
        "a fallback without dead letters", "a portion with one bad record is read one by one and the bad one forgotten",
        f"{PROCESSOR}/decode.py",
        "        np.array(offsets, np.int64),\n        letters,\n", "        np.array(offsets, np.int64),\n",
        f"{DECODE}::test_both_ways_agree_on_every_record",
    ),
    Mutant(
        "whole columns without a look at the time", "a portion that is of the plain form escapes the limits of time",
        f"{PROCESSOR}/decode.py",
        "(times < oldest).any() or ", "",
        f"{DECODE}::test_both_ways_agree_on_every_record",
    ),
    Mutant(
        "in order, taken on trust", "records that Kafka delivers again are taken again",
        f"{PROCESSOR}/partitions.py",
        "np.arange(expected, expected + len(records))",
        "np.arange(records[0].offset, records[0].offset + len(records))",
        f"{PARTITIONS}::test_the_same_records_are_not_taken_twice",
    ),
    # the audit
    Mutant(
        "the same whatever it says", "a deep audit looks for events by key and not at what is stored of them",
        f"{QUERY_API}/sql/audit/kafka_readings.sql",
        "stored IS NOT DISTINCT FROM value AS same", "true AS same",
        f"{DEEP}::test_what_fits_everywhere_and_not_with_kafka_is_named",
    ),
    Mutant(
        "no look the other way", "a deep audit does not see rows that no event accounts for",
        f"{QUERY_API}/audit/raw.py",
        'if kept["count"] == met:', "if kept:",
        f"{DEEP}::test_what_fits_everywhere_and_not_with_kafka_is_named",
    ),
    Mutant(
        "too old for a failure", "rows of records that Kafka deleted are told as too many",
        f"{QUERY_API}/audit/deep.py",
        "max(self._start, found.compared_from or self._start)", "self._start",
        f"{DEEP}::test_it_passes_while_processors_write_and_names_what_retention_took",
    ),
    # dead letters sent again
    Mutant(
        "any replay is good", "who knows a place of a dead letter can send anything for it",
        f"{PROCESSOR}/sql/find_replays.sql",
        'USING (generation, topic, partition, "offset", digest)', 'USING (generation, topic, partition, "offset")',
        f"{REPLAYS}::test_a_forged_replay_is_a_dead_letter_of_its_own",
    ),
    Mutant(
        "a letter taken twice", "two edits of one dead letter both count",
        f"{PROCESSOR}/replays.py",
        "        if len(taken) < len(counted):\n", "        if not taken:\n",
        f"{REPLAYS}::test_copies_of_a_replay_and_a_second_edit_are_duplicates_in_one_batch_and_in_the_next",
    ),
    Mutant(
        "a replay is another event", "what has no id of its own gets that of the replay's place",
        f"{PROCESSOR}/decode.py",
        "    return record, Place(*replay.letter, replay.append_time,",
        "    return record, Place(*replay.letter[:3], record.offset, replay.append_time,",
        f"{REPLAYS}::test_a_replay_as_it_is_has_the_identity_and_time_of_its_first_place",
    ),
    Mutant(
        "the last copy decides", "a replay that counted is booked as one that did not, where another copy was refused",
        f"{PROCESSOR}/replays.py",
        "took.get((replay.letter, replay.digest), False) or key in counted", "key in counted",
        f"{REPLAYS}::test_of_copies_in_one_batch_the_one_that_counts_is_booked_whatever_became_of_the_others",
    ),
    # what stops a partition for good
    Mutant(
        "NUL in a name", "a dead letter that Postgres cannot hold is tried again and again",
        f"{PROCESSOR}/dead_letters.py",
        'name.replace("\\0", "\\ufffd")', "name",
        f"{REPLAYS}::test_a_letter_keeps_a_header_whose_name_postgres_cannot_hold",
    ),
    Mutant(
        "inflated whole", "what few bytes become is taken into memory, however much it is",
        "infra/chassis/src/chassis/record_batches.py",
        "INFLATED_BYTES_MAX = 16 *", "INFLATED_BYTES_MAX = 1_024 *",
        "services/processor/tests/test_record_batches.py::test_a_batch_too_large_to_inflate_is_passed_over",
    ),
)  # fmt: skip
