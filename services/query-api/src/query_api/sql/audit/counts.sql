-- Invariant 5: series whose count is not that of their windows, and streams whose count of rows is not that of their rows.
-- At most $1.
WITH by_series AS (
    SELECT series_id, coalesce(c.count, 0) AS counted, coalesce(w.count, 0) AS kept
    FROM series_counts c
    FULL JOIN (SELECT series_id, sum(count)::bigint AS count FROM windows GROUP BY series_id) AS w USING (series_id)
),
by_stream AS (
    SELECT stream, coalesce(c.rows, 0) AS counted, coalesce(r.rows, 0) AS kept
    FROM (SELECT stream, sum(rows)::bigint AS rows FROM row_counts GROUP BY stream) AS c
    FULL JOIN (SELECT stream, count(*) AS rows FROM raw_rows GROUP BY stream) AS r USING (stream)
)
SELECT "table", stream, category, jsonb_build_object('count', counted) AS stored, jsonb_build_object('count', kept) AS should_be,
       count(*) OVER () AS total
FROM (
    SELECT 'series_counts' AS "table", stream, category, counted, kept
    FROM by_series LEFT JOIN series ON series.id = series_id WHERE counted <> kept
    UNION ALL
    SELECT 'row_counts', stream, NULL, counted, kept FROM by_stream WHERE counted <> kept
) AS different
ORDER BY "table", stream, category
LIMIT $1
