-- Invariant 3: the raw tables that do not hold as many rows as were ever accepted, less what was removed. At most $1.
SELECT table_name AS "table", jsonb_build_object('rows', kept) AS stored, jsonb_build_object('rows', accepted - gone) AS should_be,
       count(*) OVER () AS total
FROM (
    SELECT 'raw_readings' AS table_name, (SELECT count(*) FROM raw_readings) AS kept
    UNION ALL SELECT 'raw_rows', (SELECT count(*) FROM raw_rows)
) AS counted
CROSS JOIN LATERAL (
    SELECT coalesce(sum(accepted), 0)::bigint AS accepted FROM batches
    WHERE (CASE WHEN topic LIKE '%rows' THEN 'raw_rows' ELSE 'raw_readings' END) = counted.table_name
) AS ledger
CROSS JOIN LATERAL (SELECT coalesce(sum(rows), 0)::bigint AS gone FROM removed r WHERE r.table_name = counted.table_name) AS booked
WHERE kept <> accepted - gone
LIMIT $1
