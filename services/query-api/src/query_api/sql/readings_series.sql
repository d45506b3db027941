-- Series that raw readings are kept of: of one stream ($1) and some categories ($2), or of all streams but datasets.
SELECT id, stream, category
FROM series
WHERE ($1::text IS NULL OR stream = $1)
  AND ($2::text[] IS NULL OR category = ANY ($2))
  AND stream NOT IN (SELECT streams.id FROM streams WHERE kind = 'dataset')
