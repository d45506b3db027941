-- At most $5 series in their order beyond a place ($3, $4), of one stream ($1) and some categories ($2) or of all, with the
-- first and last time and the number of their samples.
SELECT stream, category, oldest.first_at AS first, newest.last_at AS last, series_counts.count
FROM series
JOIN series_counts ON series_id = id
CROSS JOIN LATERAL (SELECT first_at FROM quarters WHERE series_id = id ORDER BY quarter LIMIT 1) AS oldest
CROSS JOIN LATERAL (SELECT last_at FROM quarters WHERE series_id = id ORDER BY quarter DESC LIMIT 1) AS newest
WHERE ($1::text IS NULL OR stream = $1)
  AND ($2::text[] IS NULL OR category = ANY ($2))
  AND (stream, category) > ($3::text, $4::text)
ORDER BY stream, category
LIMIT $5
