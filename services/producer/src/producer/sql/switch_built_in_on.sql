-- Starts again a built-in stream that only the setting had stopped: an endless one from now, as a new run,
-- one that has an end from its checkpoint.
UPDATE streams
SET desired = 'running', reason = NULL, state = 'pending', started_at = NULL,
    run = CASE WHEN spec ? 'count' THEN run ELSE run + 1 END,
    run_start = CASE WHEN spec ? 'count' THEN run_start ELSE $3 END,
    position = CASE WHEN spec ? 'count' THEN position ELSE 0 END
WHERE id = $1 AND built_in AND desired = 'stopped' AND reason = $2 AND state IN ('stopped', 'stopping')
    AND (owner IS NULL OR lease_until < now())
