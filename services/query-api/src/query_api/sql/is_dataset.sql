-- One row if the values of stream $1 are in its rows: it is a dataset, or it has rows and no readings.
SELECT 1
WHERE EXISTS (SELECT FROM raw_rows WHERE stream = $1)
  AND (
    EXISTS (SELECT FROM streams WHERE id = $1 AND kind = 'dataset')
    OR NOT EXISTS (SELECT FROM series JOIN raw_readings ON series_id = series.id WHERE stream = $1)
  )
