-- Windows and quarters of the series $1 from $2 up to $3.
SELECT 'windows' AS "table", series_id, minute AS start, count, sum::text, min, max, first_at, first_value, last_at, last_value
FROM windows WHERE series_id = ANY ($1) AND minute >= $2 AND minute < $3
UNION ALL
SELECT 'quarters', series_id, quarter, count, sum::text, min, max, first_at, first_value, last_at, last_value
FROM quarters WHERE series_id = ANY ($1) AND quarter >= $2 AND quarter < $3
