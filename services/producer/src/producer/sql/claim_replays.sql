-- Gives up to $2 of the replays that wait to be published to this copy, for $1 seconds, oldest first.
UPDATE dead_letter_requests
SET claimed_until = now() + $1 * interval '1 second'
WHERE id IN (
    SELECT id
    FROM dead_letter_requests
    WHERE wish = 'replay' AND done_at IS NULL AND sent_at IS NULL AND (claimed_until IS NULL OR claimed_until < now())
    ORDER BY id
    FOR UPDATE SKIP LOCKED
    LIMIT $2
)
RETURNING id, generation, topic, partition, "offset", key, value, claimed_until
