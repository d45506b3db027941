-- Marks these dead letters as replayed, those that are open still; locked in key order. Returns which they are.
WITH open AS (
    SELECT generation, topic, partition, "offset"
    FROM dead_letters l
    JOIN unnest($1::integer[], $2::text[], $3::integer[], $4::bigint[]) AS taken (generation, topic, partition, "offset")
        USING (generation, topic, partition, "offset")
    WHERE replayed_at IS NULL
    ORDER BY generation, topic, partition, "offset"
    FOR UPDATE OF l
)
UPDATE dead_letters l SET replayed_at = now() FROM open o
WHERE (l.generation, l.topic, l.partition, l."offset") = (o.generation, o.topic, o.partition, o."offset")
    AND replayed_at IS NULL
RETURNING l.partition, l."offset"
