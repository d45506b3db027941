-- First and last time that is kept of one stream ($1) and some categories ($2), or of all.
SELECT min(oldest.first_at) AS first_at, max(newest.last_at) AS last_at
FROM series
CROSS JOIN LATERAL (SELECT first_at FROM quarters WHERE series_id = series.id ORDER BY quarter LIMIT 1) AS oldest
CROSS JOIN LATERAL (SELECT last_at FROM quarters WHERE series_id = series.id ORDER BY quarter DESC LIMIT 1) AS newest
WHERE ($1::text IS NULL OR stream = $1)
  AND ($2::text[] IS NULL OR category = ANY ($2))
