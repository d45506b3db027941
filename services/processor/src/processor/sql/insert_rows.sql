-- Keeps dataset rows, given in key order, each once, and counts them. Returns the keys that are new.
WITH new AS (
    INSERT INTO raw_rows (stream, timestamp, id, row, data)
    -- In two steps, as a product with an interval is a float: beyond 2^53 us, some 285 years, it would be off.
    SELECT stream, timestamptz 'epoch' + us / 1000000 * interval '1 second' + us % 1000000 * interval '1 microsecond', id, row,
           data::json
    FROM unnest($1::text[], $2::bigint[], $3::uuid[], $4::bigint[], $5::text[]) AS r (stream, us, id, row, data)
    ON CONFLICT DO NOTHING
    RETURNING stream, timestamp, id
),
counted AS (
    INSERT INTO row_counts (stream, rows) SELECT stream, count(*) FROM new GROUP BY stream
)
SELECT stream, timestamp, id FROM new
