-- Stream $1, if it is controlled here and not deleted, or only outsiders publish to it; and how much of it is kept.
WITH found AS (
    SELECT id, kind, built_in, spec::text AS spec, desired, state, reason, run, run_start, started_at, position, owner,
           progress::text AS progress, created_at, updated_at
    FROM streams
    WHERE id = $1 AND (desired <> 'deleted' OR state = 'stopping')
    UNION ALL
    SELECT $1, 'external', false, '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL
    WHERE EXISTS (SELECT FROM series WHERE stream = $1) AND NOT EXISTS (SELECT FROM streams WHERE id = $1)
)
SELECT found.*, coalesce(
    (SELECT sum(rows) FROM row_counts WHERE stream = $1 HAVING sum(rows) > 0),
    (SELECT sum(count) FROM series JOIN series_counts ON series_id = series.id WHERE stream = $1),
    0
)::bigint AS row_count
FROM found
