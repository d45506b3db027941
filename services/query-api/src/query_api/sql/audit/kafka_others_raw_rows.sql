-- All dataset rows from $1 up to $2 and where they are stored.
SELECT tableoid::bigint AS part, ctid AS at, stream, NULL AS category, timestamp, id, data::text AS stored
FROM raw_rows
WHERE timestamp >= $1 AND timestamp < $2
