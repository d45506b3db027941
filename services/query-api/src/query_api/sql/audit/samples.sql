-- Invariant 6: whether the windows count as many samples as the ledger, less what was removed. At most $1.
SELECT 'windows' AS "table", jsonb_build_object('samples', kept) AS stored, jsonb_build_object('samples', taken - gone) AS should_be,
       1::bigint AS total
FROM (SELECT coalesce(sum(count), 0)::bigint AS kept FROM windows) AS w
CROSS JOIN (SELECT coalesce(sum(samples), 0)::bigint AS taken FROM batches) AS l
CROSS JOIN (SELECT coalesce(sum(samples), 0)::bigint AS gone FROM removed) AS r
WHERE kept <> taken - gone
LIMIT $1
