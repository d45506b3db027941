-- Renews the leases of copy $1 for $2 seconds and stores the checkpoints; tells what is wanted of each stream that is
-- still its own.
UPDATE streams
SET lease_until = now() + $2 * interval '1 second',
    position = greatest(streams.position, mine.position),
    progress = mine.progress
FROM unnest($3::text[], $4::integer[], $5::bigint[], $6::jsonb[]) AS mine (id, run, position, progress)
WHERE streams.id = mine.id AND streams.run = mine.run AND streams.owner = $1
RETURNING streams.id, streams.desired
