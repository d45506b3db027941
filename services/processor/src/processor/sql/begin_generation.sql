-- Begins a topic's next generation: the partitions $2 at their logs' starts $3, all others where they stand. Whoever held one is
-- fenced, so that nobody goes on in the generation before. Returns the generation.
WITH present AS (
    SELECT generation, topic, partition FROM offsets
    WHERE topic = $1 AND generation = (SELECT max(generation) FROM offsets WHERE topic = $1)
    ORDER BY partition
    FOR UPDATE
), fenced AS (
    UPDATE offsets o SET epoch = epoch + 1 FROM present p
    WHERE (o.generation, o.topic, o.partition) = (p.generation, p.topic, p.partition)
    RETURNING o.*
)
INSERT INTO offsets (generation, topic, partition, start_offset, next_offset, bookmark_time, bookmark_hash)
SELECT generation + 1, topic, partition, coalesce(log_start, next_offset), coalesce(log_start, next_offset),
       CASE WHEN log_start IS NULL THEN bookmark_time END, CASE WHEN log_start IS NULL THEN bookmark_hash END
FROM fenced LEFT JOIN unnest($2::integer[], $3::bigint[]) AS n (partition, log_start) USING (partition)
RETURNING generation
