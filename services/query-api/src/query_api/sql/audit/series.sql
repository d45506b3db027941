-- Every series, whether its stream has dataset rows, and whether the stream's data is just being deleted.
WITH RECURSIVE streams_with_rows (stream) AS (
    (SELECT stream FROM raw_rows ORDER BY stream LIMIT 1)
    UNION ALL
    SELECT (SELECT stream FROM raw_rows r WHERE r.stream > s.stream ORDER BY r.stream LIMIT 1)
    FROM streams_with_rows s WHERE s.stream IS NOT NULL
)
SELECT id, stream, category, stream IN (SELECT s.stream FROM streams_with_rows s WHERE s.stream IS NOT NULL) AS has_rows,
       stream IN (SELECT d.id FROM streams d WHERE d.delete_data) AS going
FROM series ORDER BY id
