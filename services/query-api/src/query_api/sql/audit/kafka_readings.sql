-- Of the readings $1 (number), $2 (series), $3 (time), $4 (id), $5 (value) those that are stored, and where.
SELECT n, part, at, stored IS NOT DISTINCT FROM value AS same, stored
FROM unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::uuid[], $5::float8[]) AS e (n, series_id, timestamp, id, value)
CROSS JOIN LATERAL (
    SELECT tableoid::bigint AS part, ctid AS at, r.value AS stored FROM raw_readings r
    WHERE (r.series_id, r.timestamp, r.id) = (e.series_id, e.timestamp, e.id)
    OFFSET 0  -- each by the key, however little the planner knows of them
) AS kept
