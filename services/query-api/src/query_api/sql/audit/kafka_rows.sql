-- Of the rows $1 (number), $2 (stream), $3 (time), $4 (id), $5 (row), $6 (data) those that are stored, and where.
SELECT n, part, at, stored_row = row AND stored = data AS same, stored_row, CASE WHEN stored_row <> row OR stored <> data THEN stored END AS stored
FROM unnest($1::integer[], $2::text[], $3::timestamptz[], $4::uuid[], $5::bigint[], $6::text[]) AS e (n, stream, timestamp, id, row, data)
CROSS JOIN LATERAL (
    SELECT tableoid::bigint AS part, ctid AS at, r.row AS stored_row, r.data::text AS stored FROM raw_rows r
    WHERE (r.stream, r.timestamp, r.id) = (e.stream, e.timestamp, e.id)
    OFFSET 0  -- each by the key, however little the planner knows of them
) AS kept
