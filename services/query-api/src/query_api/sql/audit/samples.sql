-- Invariant 6: whether the windows count as many samples as the ledger, less what was removed. At most $1.
SELECT 'windows' AS "table", jsonb_build_object('samples', kept) AS stored, jsonb_build_object('samples', taken - gone) AS should_be,
       1::bigint AS total
FROM (
    SELECT (SELECT coalesce(sum(count), 0)::bigint FROM windows) AS kept,
           (SELECT coalesce(sum(samples), 0)::bigint FROM batches) AS taken,
           (SELECT coalesce(sum(samples), 0)::bigint FROM removed) AS gone
) AS counted
WHERE kept <> taken - gone
LIMIT $1
