-- The streams that count towards those that may run at once.
SELECT id, state
FROM streams
WHERE NOT built_in AND state IN ('pending', 'running', 'paused', 'stopping')
ORDER BY id
