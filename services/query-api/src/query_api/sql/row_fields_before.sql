-- The $6 newest dataset rows of the streams $1 from time $2 on and before a place (time $3, stream $4, id $5), of each
-- only the values of the fields $7, as JSON texts: a name is looked up whole, else as nested names joined with dots.
SELECT timestamp, stream, row, id::text AS id, values, coalesce(octet_length(array_to_string(values, '')), 0) AS bytes
FROM (
    SELECT newest.timestamp, newest.stream, newest.row, newest.id, ARRAY(
        SELECT coalesce(newest.data -> name, newest.data #> string_to_array(name, '.'))::text
        FROM unnest($7::text[]) AS f (name)
    ) AS values
    FROM unnest($1::text[]) AS s (stream)
    CROSS JOIN LATERAL (
        SELECT timestamp, stream, row, id, data::jsonb AS data
        FROM raw_rows
        WHERE stream = s.stream AND timestamp >= $2 AND timestamp <= $3
          AND (timestamp, stream, id) < ($3, $4, $5)
        ORDER BY timestamp DESC, id DESC
        LIMIT $6
    ) AS newest
    ORDER BY newest.timestamp DESC, newest.stream DESC, newest.id DESC
    LIMIT $6
) AS rows
