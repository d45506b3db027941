-- The time of the newest value of each series of stream $1.
SELECT series.id AS series_id, newest.last_at
FROM series
CROSS JOIN LATERAL (SELECT last_at FROM quarters WHERE series_id = series.id ORDER BY quarter DESC LIMIT 1) AS newest
WHERE stream = $1
