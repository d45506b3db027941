-- The $6 newest readings of the series $1 from time $2 on and before a place (time $3, series $4, id $5), newest first.
SELECT newest.timestamp, newest.value, newest.series_id, newest.id
FROM unnest($1::integer[]) AS s (id)
CROSS JOIN LATERAL (
    SELECT timestamp, value, series_id, id
    FROM raw_readings
    WHERE series_id = s.id AND timestamp >= $2 AND timestamp <= $3
      AND (timestamp, series_id, id) < ($3, $4, $5)
    ORDER BY timestamp DESC, id DESC
    LIMIT $6
) AS newest
ORDER BY newest.timestamp DESC, newest.series_id DESC, newest.id DESC
LIMIT $6
