-- First and last time of each of the series $1 that has any data.
SELECT s.id, oldest.first_at, newest.last_at
FROM unnest($1::integer[]) AS s (id)
CROSS JOIN LATERAL (SELECT first_at FROM quarters WHERE series_id = s.id ORDER BY quarter LIMIT 1) AS oldest
CROSS JOIN LATERAL (SELECT last_at FROM quarters WHERE series_id = s.id ORDER BY quarter DESC LIMIT 1) AS newest
