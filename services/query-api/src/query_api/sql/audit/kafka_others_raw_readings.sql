-- All readings from $1 up to $2 and where they are stored.
SELECT r.tableoid::bigint AS part, r.ctid AS at, stream, category, timestamp, r.id, value AS stored
FROM raw_readings r LEFT JOIN series s ON s.id = series_id
WHERE timestamp >= $1 AND timestamp < $2
