-- The streams that count towards those that may run at once, and how many readings or rows of each are kept.
SELECT
    id AS batch_id, state, started_at,
    coalesce(
        (SELECT sum(rows) FROM row_counts WHERE stream = streams.id HAVING sum(rows) > 0),
        (SELECT sum(count) FROM series JOIN series_counts ON series_id = series.id WHERE stream = streams.id),
        0
    )::bigint AS row_count
FROM streams
WHERE NOT built_in AND state IN ('pending', 'running', 'paused', 'stopping')
ORDER BY id
