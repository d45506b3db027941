-- The state of every stream.
SELECT id AS stream, kind, built_in, desired, state, reason, run, position, progress::text AS progress, updated_at
FROM streams
ORDER BY id
