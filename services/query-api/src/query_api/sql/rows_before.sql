-- The $6 newest dataset rows of the streams $1 from time $2 on and before a place (time $3, stream $4, id $5), whole.
SELECT newest.timestamp, newest.stream, newest.row, newest.id::text AS id, newest.data, octet_length(newest.data) AS bytes
FROM unnest($1::text[]) AS s (stream)
CROSS JOIN LATERAL (
    SELECT timestamp, stream, row, id, data::text AS data
    FROM raw_rows
    WHERE stream = s.stream AND timestamp >= $2 AND timestamp <= $3
      AND (timestamp, stream, id) < ($3, $4, $5)
    ORDER BY timestamp DESC, id DESC
    LIMIT $6
) AS newest
ORDER BY newest.timestamp DESC, newest.stream DESC, newest.id DESC
LIMIT $6
