-- Stops a built-in stream because a setting says so; what a person stopped before stays as it was.
UPDATE streams
SET desired = 'stopped', reason = $2,
    state = CASE WHEN state = 'paused' THEN 'stopped' WHEN state IN ('pending', 'running') THEN 'stopping' ELSE state END
WHERE id = $1 AND built_in AND desired IN ('running', 'paused')
