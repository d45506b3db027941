-- One row if the values of stream $1 are in its rows: it is a dataset, or it has rows and no readings.
SELECT 1
WHERE (SELECT timestamp FROM raw_rows WHERE stream = $1 ORDER BY timestamp DESC LIMIT 1) IS NOT NULL
  AND (
    EXISTS (SELECT FROM streams WHERE id = $1 AND kind = 'dataset')
    OR NOT EXISTS (
        SELECT FROM series
        CROSS JOIN LATERAL (
            SELECT timestamp FROM raw_readings WHERE series_id = series.id ORDER BY timestamp DESC LIMIT 1
        ) AS newest
        WHERE stream = $1
    )
  )
