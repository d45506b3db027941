-- Gives up to $3 streams that nobody holds a valid lease of to copy $1, for $2 seconds. Those that are not wanted
-- to run come to rest right away and get no owner.
UPDATE streams
SET owner = CASE WHEN desired = 'running' THEN $1 END,
    lease_until = CASE WHEN desired = 'running' THEN now() + $2 * interval '1 second' END,
    started_at = CASE WHEN desired = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
    state = CASE desired WHEN 'running' THEN 'running' WHEN 'paused' THEN 'paused' ELSE 'stopped' END
WHERE id IN (
    SELECT id
    FROM streams
    WHERE state IN ('pending', 'running', 'stopping') AND (owner IS NULL OR lease_until < now())
    ORDER BY updated_at
    FOR UPDATE SKIP LOCKED
    LIMIT $3
)
RETURNING id, kind, spec, run, run_start, position, progress, owner
