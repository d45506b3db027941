-- Takes the first rows of a dataset away, and counts that; returns their times.
WITH gone AS (
    DELETE FROM raw_rows WHERE (stream, timestamp, id) IN (
        SELECT stream, timestamp, id FROM raw_rows WHERE stream = $1 ORDER BY stream, timestamp, id LIMIT $2
    )
    RETURNING timestamp
),
counted AS (
    INSERT INTO row_counts (stream, rows) SELECT $1, -count(*) FROM gone HAVING count(*) > 0
)
SELECT timestamp FROM gone
