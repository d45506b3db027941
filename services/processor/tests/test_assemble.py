"""Batches cut in two, until a refused record stands alone."""

from services.processor.tests.makers import CLAIM, FakeRecord

from processor.assemble import halves
from processor.plan import Batch, Gap


def test_halves_end_behind_a_record_as_whole_batches_do() -> None:
    """A process that ends between them is known to the next one by the record before the stored offset."""
    records = [FakeRecord(offset, b"") for offset in (1, 2, 5, 6)]
    whole = Batch(CLAIM, 0, 7, records, (Gap(0, 1), Gap(3, 5)))
    (first,), (second,) = halves([whole])
    assert first == Batch(CLAIM, 0, 3, records[:2], (Gap(0, 1),))
    assert second == Batch(CLAIM, 3, 7, records[2:], (Gap(3, 5),))
