-- Adds a built-in stream at its very first start; one that is there already is left alone.
INSERT INTO streams (id, kind, built_in, spec, desired, state, run_start)
VALUES ($1, $2, true, $3::jsonb, 'running', 'pending', $4)
ON CONFLICT (id) DO NOTHING
