-- Takes the first rows of a dataset away; returns their times.
DELETE FROM raw_rows WHERE (stream, timestamp, id) IN (
    SELECT stream, timestamp, id FROM raw_rows WHERE stream = $1 ORDER BY stream, timestamp, id LIMIT $2
)
RETURNING timestamp
