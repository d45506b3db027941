-- Takes a partition over: bumps its epoch, which fences the owner before, and tells where it stands and since when raw data
-- is kept, which cannot change meanwhile. $3: the log's start, where a new partition begins.
WITH raw AS (SELECT kept_from FROM raw_horizon FOR SHARE)
INSERT INTO offsets AS o (generation, topic, partition, start_offset, next_offset, epoch)
SELECT coalesce((SELECT max(generation) FROM offsets WHERE topic = $1), 1), $1, $2, $3, $3, 1 FROM raw
ON CONFLICT (generation, topic, partition) DO UPDATE SET epoch = o.epoch + 1
RETURNING generation, pass, epoch, next_offset, bookmark_time, bookmark_hash, pg_postmaster_start_time() AS server,
    (SELECT kept_from FROM raw)
