-- Stores what was decided about stream $1 while it was held.
UPDATE streams
SET desired = $2, state = $3, reason = $4, run = $5, run_start = $6, position = $7, delete_data = $8, dataset = $9::jsonb,
    started_at = CASE WHEN run = $5 THEN started_at END,
    progress = CASE WHEN run = $5 OR $9::jsonb <> '{}' THEN progress ELSE '{}' END
WHERE id = $1
RETURNING *
