-- Dataset rows of stream $1 from $2 to $3, in the order of their times.
SELECT timestamp, id, row, data::text AS data FROM raw_rows
WHERE stream = $1 AND timestamp >= $2 AND timestamp < $3
ORDER BY stream, timestamp, id
