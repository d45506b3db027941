-- Sets these dead letters aside, each with its reason; locked in key order.
WITH open AS (
    SELECT generation, topic, partition, "offset", w.why
    FROM dead_letters l
    JOIN unnest($1::integer[], $2::text[], $3::integer[], $4::bigint[], $5::text[]) AS w (generation, topic, partition, "offset", why)
        USING (generation, topic, partition, "offset")
    WHERE replayed_at IS NULL AND discarded_at IS NULL
    ORDER BY generation, topic, partition, "offset"
    FOR UPDATE OF l
)
UPDATE dead_letters l SET discarded_at = now(), note = why FROM open o
WHERE (l.generation, l.topic, l.partition, l."offset") = (o.generation, o.topic, o.partition, o."offset")
    AND replayed_at IS NULL AND discarded_at IS NULL
