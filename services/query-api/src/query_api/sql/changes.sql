-- Ledger rows beyond a vector (generation, topic, partition, pass, next offset: $1 to $5), at most $6 of each partition and
-- from the first of one that the vector does not have, and as lines of their own the windows they touched, as these are
-- now. One statement, so one snapshot of both. `forgotten`: what a row touched is no longer kept.
WITH ledger AS MATERIALIZED (
    SELECT offsets.generation, offsets.topic, offsets.partition, beyond.*
    FROM offsets
    LEFT JOIN unnest($1::integer[], $2::text[], $3::integer[], $4::integer[], $5::bigint[])
        AS seen (generation, topic, partition, pass, next_offset) USING (generation, topic, partition)
    CROSS JOIN LATERAL (
        SELECT pass, first_offset, next_offset, touched_series, touched_minutes,
               committed_at < now() - interval '1 day' AS forgotten
        FROM batches
        WHERE generation = offsets.generation AND topic = offsets.topic AND partition = offsets.partition
          AND (pass, first_offset) >= (coalesce(seen.pass, 0), coalesce(seen.next_offset, 0))
        ORDER BY pass, first_offset
        LIMIT $6
    ) AS beyond
),
touched AS (
    SELECT DISTINCT pair.series_id, to_timestamp(pair.minute * 60.0) AS minute
    FROM ledger CROSS JOIN LATERAL unnest(touched_series, touched_minutes) AS pair (series_id, minute)
)
SELECT
    generation, topic, partition, pass, first_offset, next_offset, forgotten,
    NULL::text AS stream, NULL::text AS category, NULL::double precision AS avg_value, NULL::bigint AS count,
    NULL::double precision AS sum, NULL::double precision AS min, NULL::double precision AS max,
    NULL::timestamptz AS last_timestamp, NULL::timestamptz AS window_start
FROM ledger
UNION ALL
SELECT
    NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    series.stream, series.category, plain_sum(windows.sum) / windows.count, windows.count,
    plain_sum(windows.sum), windows.min, windows.max,
    windows.last_at, windows.minute
FROM touched
JOIN windows USING (series_id, minute)
JOIN series ON series.id = windows.series_id
