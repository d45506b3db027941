-- Series that have data, with its first and last time: of one stream ($1) and some categories ($2), or of all streams but
-- datasets. `from_rows`: the values of the stream are in its rows, as it is a dataset, or has rows and no readings.
SELECT
    id, stream, category, oldest.first_at, newest.last_at,
    $1::text IS NOT NULL AND EXISTS (SELECT FROM raw_rows WHERE raw_rows.stream = $1)
    AND (
        EXISTS (SELECT FROM streams WHERE streams.id = $1 AND kind = 'dataset')
        OR NOT EXISTS (
            SELECT FROM series AS own
            CROSS JOIN LATERAL (SELECT FROM raw_readings WHERE series_id = own.id LIMIT 1) AS readings
            WHERE own.stream = $1
        )
    ) AS from_rows
FROM series
CROSS JOIN LATERAL (SELECT first_at FROM quarters WHERE series_id = series.id ORDER BY quarter LIMIT 1) AS oldest
CROSS JOIN LATERAL (SELECT last_at FROM quarters WHERE series_id = series.id ORDER BY quarter DESC LIMIT 1) AS newest
WHERE ($1 IS NULL OR stream = $1)
  AND ($2::text[] IS NULL OR category = ANY ($2))
  AND ($1 IS NOT NULL OR stream NOT IN (SELECT streams.id FROM streams WHERE kind = 'dataset'))
