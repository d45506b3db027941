-- The state of every stream that is not deleted.
SELECT id AS stream, kind, built_in, desired, state, reason, run, position, progress::text AS progress, updated_at
FROM streams
WHERE desired <> 'deleted' OR state = 'stopping'
ORDER BY id
