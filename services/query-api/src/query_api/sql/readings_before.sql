-- The $6 newest readings of the series $1 from time $2 on and before a place (time $3, series $4, id $5), newest first.
SELECT newest.timestamp, newest.value, series.category, series.stream, newest.id::text AS id
FROM series
CROSS JOIN LATERAL (
    SELECT timestamp, value, id
    FROM raw_readings
    WHERE series_id = series.id AND timestamp >= $2 AND timestamp <= $3
      AND (timestamp, series_id, id) < ($3, $4, $5)
    ORDER BY timestamp DESC, id DESC
    LIMIT $6
) AS newest
WHERE series.id = ANY ($1::integer[])
ORDER BY newest.timestamp DESC, series.id DESC, newest.id DESC
LIMIT $6
