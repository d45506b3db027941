-- Renews the leases of copy $1 for $2 seconds and stores the checkpoints; tells what is wanted of each stream that is
-- still its own. Held in the order of their ids, as by forget_announced: neither can wait for the other.
WITH held AS (SELECT id FROM streams WHERE id = ANY ($3::text[]) ORDER BY id FOR UPDATE)
UPDATE streams
SET lease_until = now() + $2 * interval '1 second',
    position = greatest(streams.position, mine.position),
    progress = mine.progress
FROM held JOIN unnest($3::text[], $4::integer[], $5::bigint[], $6::jsonb[]) AS mine (id, run, position, progress) USING (id)
WHERE streams.id = held.id AND streams.run = mine.run AND streams.owner = $1
RETURNING streams.id, streams.desired
