-- Ends what copy $1 did for stream $2 in run $3, at position $4. $5: `completed`, `failed`, or `drained`, where what
-- is wanted decides: still running means that another copy goes on from here.
UPDATE streams
SET owner = NULL,
    lease_until = NULL,
    position = greatest(position, $4),
    progress = $7::jsonb,
    reason = coalesce($6, reason),
    state = CASE
        WHEN $5 IN ('completed', 'failed') THEN $5
        WHEN desired = 'running' THEN 'pending'
        WHEN desired = 'paused' THEN 'paused'
        ELSE 'stopped'
    END,
    desired = CASE WHEN $5 IN ('completed', 'failed') AND desired <> 'deleted' THEN 'stopped' ELSE desired END
WHERE id = $2 AND run = $3 AND owner = $1
