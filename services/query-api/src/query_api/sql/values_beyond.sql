-- The newest readings of stream $1, at most $5: of each series beyond the time in $3 and $4 (series, time), else beyond $2.
SELECT newest.timestamp, series.category, newest.value, series.id AS series_id
FROM series
LEFT JOIN unnest($3::integer[], $4::timestamptz[]) AS told (series_id, timestamp) ON told.series_id = series.id
CROSS JOIN LATERAL (
    SELECT timestamp, value
    FROM raw_readings
    WHERE series_id = series.id AND timestamp > coalesce(told.timestamp, $2)
    ORDER BY timestamp DESC
    LIMIT $5
) AS newest
WHERE series.stream = $1
ORDER BY newest.timestamp DESC, series.id DESC
LIMIT $5
