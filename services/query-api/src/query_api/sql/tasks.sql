-- The streams that count towards those that may run at once, and how many readings or rows of each are kept.
SELECT
    streams.id AS batch_id, streams.state, streams.started_at,
    CASE WHEN EXISTS (SELECT FROM raw_rows WHERE stream = streams.id)
        THEN (SELECT count(*) FROM raw_rows WHERE stream = streams.id)
        ELSE (SELECT coalesce(sum(count), 0)::bigint FROM series JOIN quarters ON series_id = series.id WHERE stream = streams.id)
    END AS row_count
FROM streams
WHERE NOT built_in AND state IN ('pending', 'running', 'paused', 'stopping')
ORDER BY streams.id
