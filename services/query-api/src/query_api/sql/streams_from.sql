-- At most $2 streams in the order of their ids, beyond id $1: those controlled here that are not deleted, and as kind
-- `external` those that only outsiders publish to; with how many readings or rows of each are kept.
WITH RECURSIVE published (stream) AS (
    (SELECT stream FROM series WHERE stream > $1 ORDER BY stream LIMIT 1)
    UNION ALL
    SELECT (SELECT stream FROM series WHERE stream > published.stream ORDER BY stream LIMIT 1)
    FROM published
    WHERE stream IS NOT NULL
), page AS (
    SELECT id, kind, built_in, spec::text AS spec, desired, state, reason, run, run_start, started_at, position, owner,
           progress::text AS progress, created_at, updated_at
    FROM streams
    WHERE id > $1 AND (desired <> 'deleted' OR state = 'stopping')
    UNION ALL
    SELECT stream, 'external', false, '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL
    FROM published
    WHERE stream IS NOT NULL AND NOT EXISTS (SELECT FROM streams WHERE id = stream)
    ORDER BY id
    LIMIT $2
)
SELECT page.*, coalesce(
    (SELECT sum(rows) FROM row_counts WHERE stream = page.id HAVING sum(rows) > 0),
    (SELECT sum(count) FROM series JOIN series_counts ON series_id = series.id WHERE stream = page.id),
    0
)::bigint AS row_count
FROM page
ORDER BY id
