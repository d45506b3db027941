-- At most $2 series of stream $1.
SELECT id, stream, category
FROM series
WHERE stream = $1
ORDER BY category
LIMIT $2
