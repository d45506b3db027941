-- The operator accepts that offsets below $4 were deleted unread: the gap is marked, the partition goes on behind it.
WITH marked AS (
    UPDATE gaps SET accepted_at = now(), to_offset = $4
    WHERE generation = $1 AND topic = $2 AND partition = $3 AND cause = 'retention' AND accepted_at IS NULL
    RETURNING pass
), booked AS (
    INSERT INTO gaps (generation, topic, partition, pass, from_offset, to_offset, cause, accepted_at)
    SELECT generation, topic, partition, pass, next_offset, $4, 'retention', now() FROM offsets
    WHERE generation = $1 AND topic = $2 AND partition = $3 AND NOT EXISTS (SELECT FROM marked)
)
UPDATE offsets SET next_offset = $4, epoch = epoch + 1, bookmark_time = NULL, bookmark_hash = NULL
WHERE generation = $1 AND topic = $2 AND partition = $3
