"""What may be taken from a partition, and when it is refused."""

from dataclasses import replace

import pytest
from aiokafka import TopicPartition
from services.processor.tests.makers import FakeRecord, records

from processor.errors import PartitionRefused
from processor.offsets import bookmark_of
from processor.partitions import Partitions
from processor.plan import Batch, Claim, Gap

P = TopicPartition("readings", 0)
CLAIM = Claim("readings", 0, 1, 1, 1, 5, None)
LOG = records([b"%d" % n for n in range(10)])


def holding(claim: Claim = CLAIM) -> Partitions:
    partitions = Partitions()
    partitions.assigned([P])
    partitions.hold(P, claim, 0, 10)
    return partitions


def test_nothing_is_taken_from_a_partition_without_a_claim() -> None:
    partitions = Partitions()
    partitions.assigned([P])
    assert partitions.take(P, LOG) is None


def test_records_before_the_stored_offset_are_passed_over() -> None:
    batch = holding().take(P, LOG)
    assert isinstance(batch, Batch)
    assert (batch.first_offset, batch.next_offset) == (5, 10)
    assert [record.offset for record in batch.records] == [5, 6, 7, 8, 9]


def test_the_same_records_are_not_taken_twice() -> None:
    partitions = holding()
    partitions.take(P, LOG)
    assert partitions.take(P, LOG) is None


def test_records_delivered_again_in_between_are_passed_over() -> None:
    batch = holding().take(P, [*LOG[5:8], *LOG[6:9], *LOG[2:5]])
    assert isinstance(batch, Batch)
    assert [record.offset for record in batch.records] == [5, 6, 7, 8]
    assert batch.next_offset == 9


def test_missing_records_are_fetched_again_and_are_a_gap_when_they_stay_away() -> None:
    partitions = holding()
    assert partitions.take(P, LOG[7:]) == 5
    batch = partitions.take(P, LOG[7:])
    assert isinstance(batch, Batch)
    assert batch.gaps == (Gap(5, 7),)
    assert batch.first_offset == 5


def test_offsets_that_no_record_has_are_gaps() -> None:
    batch = holding().take(P, [LOG[5], LOG[7], LOG[9]])
    assert isinstance(batch, Batch)
    assert batch.gaps == (Gap(6, 7), Gap(8, 9))


def test_the_last_record_taken_is_recognised() -> None:
    partitions = Partitions()
    claim = replace(CLAIM, bookmark=bookmark_of(LOG[4]))
    assert partitions.hold(P, claim, 0, 10) == 4
    batch = partitions.take(P, LOG[4:])
    assert isinstance(batch, Batch)
    assert batch.first_offset == 5


@pytest.mark.parametrize("other", [FakeRecord(4, b"another"), FakeRecord(4, b"4", timestamp=1), LOG[5]])
def test_another_log_is_refused_by_the_bookmark(other: FakeRecord) -> None:
    partitions = Partitions()
    partitions.hold(P, replace(CLAIM, bookmark=bookmark_of(LOG[4])), 0, 10)
    with pytest.raises(PartitionRefused, match="recreated"):
        partitions.take(P, [other])


def test_a_log_that_ends_early_is_refused() -> None:
    with pytest.raises(PartitionRefused, match="ends at offset 3"):
        Partitions().hold(P, CLAIM, 0, 3)


def test_a_log_whose_unread_start_was_deleted_is_refused() -> None:
    with pytest.raises(PartitionRefused, match="offsets 5 to 7 were deleted"):
        Partitions().hold(P, CLAIM, 7, 10)


def test_a_log_that_was_read_to_its_end_and_then_deleted_goes_on() -> None:
    assert Partitions().hold(P, replace(CLAIM, bookmark=bookmark_of(LOG[4])), 5, 5) == 5


def test_a_batch_of_a_former_claim_does_not_move_the_stored_offset() -> None:
    partitions = holding()
    batch = partitions.take(P, LOG)
    assert isinstance(batch, Batch)
    partitions.drop()
    partitions.hold(P, replace(CLAIM, epoch=2), 0, 10)
    assert not partitions.still_hold([batch])
    partitions.committed([batch])
    assert partitions.stored() == {P: 5}
