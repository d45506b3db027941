-- Series in their order from a place on ($3, $4; itself only if $5), of one stream ($1) and some categories ($2) or of all.
SELECT id, stream, category
FROM series
WHERE ($1::text IS NULL OR stream = $1)
  AND ($2::text[] IS NULL OR category = ANY ($2))
  AND (stream, category) >= ($3::text, $4::text)
  AND ($5::boolean OR (stream, category) <> ($3, $4))
ORDER BY stream, category
LIMIT $6
