-- Those of the streams $1 whose spooled files are of no more use: completed or deleted.
SELECT id
FROM streams
WHERE id = ANY ($1::text[]) AND (state = 'completed' OR (desired = 'deleted' AND state <> 'stopping'))
