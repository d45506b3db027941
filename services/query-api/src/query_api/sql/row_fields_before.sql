-- The $6 newest dataset rows of the streams $1 from time $2 on and before a place (time $3, stream $4, id $5), of each
-- only the values of the fields $7, as JSON texts: a name is looked up whole, else as nested names joined with dots.
SELECT newest.timestamp, newest.stream, newest.row, newest.id, picked.values, picked.bytes
FROM unnest($1::text[]) AS s (stream)
CROSS JOIN LATERAL (
    SELECT timestamp, stream, row, id, data
    FROM raw_rows
    WHERE stream = s.stream AND timestamp >= $2 AND timestamp <= $3
      AND (timestamp, stream, id) < ($3, $4, $5)
    ORDER BY timestamp DESC, id DESC
    LIMIT $6
) AS newest
CROSS JOIN LATERAL (
    SELECT array_agg(value::text ORDER BY n) AS values, coalesce(sum(octet_length(value::text)), 0)::bigint AS bytes
    FROM (
        SELECT coalesce(newest.data -> name, newest.data #> string_to_array(name, '.')) AS value, n
        FROM unnest($7::text[]) WITH ORDINALITY AS f (name, n)
    ) AS fields
) AS picked
ORDER BY newest.timestamp DESC, newest.stream DESC, newest.id DESC
LIMIT $6
