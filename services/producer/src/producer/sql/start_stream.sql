-- Begins a stream, or a new run of one that is at rest.
INSERT INTO streams (id, kind, spec, desired, state, run_start)
VALUES ($1, $2, $3::jsonb, 'running', 'pending', $4)
ON CONFLICT (id) DO UPDATE
SET kind = excluded.kind, spec = excluded.spec, desired = 'running', state = 'pending', reason = NULL,
    run = streams.run + 1, run_start = excluded.run_start, started_at = NULL, position = 0, progress = '{}',
    dataset = '{}',
    created_at = CASE WHEN streams.desired = 'deleted' THEN now() ELSE streams.created_at END
RETURNING *
