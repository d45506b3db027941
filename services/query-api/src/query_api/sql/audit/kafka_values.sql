-- Readings of the series $1 from $2 up to $3.
SELECT series_id, timestamp, id, value FROM raw_readings WHERE series_id = ANY ($1) AND timestamp >= $2 AND timestamp < $3
