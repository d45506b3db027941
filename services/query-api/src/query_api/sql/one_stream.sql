-- Stream $1, if it is controlled here and not deleted, or only outsiders publish to it.
SELECT id, kind, built_in, spec::text AS spec, desired, state, reason, run, run_start, started_at, position, owner,
       progress::text AS progress, created_at, updated_at
FROM streams
WHERE id = $1 AND (desired <> 'deleted' OR state = 'stopping')
UNION ALL
SELECT $1, 'external', false, '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL
WHERE EXISTS (SELECT FROM series WHERE stream = $1) AND NOT EXISTS (SELECT FROM streams WHERE id = $1)
