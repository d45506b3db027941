-- Invariant 3: removals that contradict themselves: as many readings go as their windows counted, for a stream that never
-- had dataset rows and whose readings retention had not taken before (else at most as many). At most $1.
SELECT r.id AS removed_id, r.stream, r.range_start, r.range_end, r.table_name AS "table",
       jsonb_build_object('rows', r.rows) AS stored, jsonb_build_object('rows', w.samples) AS should_be,
       count(*) OVER () AS total
FROM removed r
JOIN removed w ON w.table_name = 'windows' AND r.table_name = 'raw_readings'
    AND (w.stream, w.range_start, w.range_end, w.removed_at) = (r.stream, r.range_start, r.range_end, r.removed_at)
WHERE r.rows > w.samples OR (
    r.rows < w.samples
    AND NOT EXISTS (SELECT FROM removed d WHERE d.stream = r.stream AND d.table_name = 'raw_rows')
    AND NOT EXISTS (SELECT FROM raw_rows d WHERE d.stream = r.stream)
    AND NOT EXISTS (SELECT FROM removed d WHERE d.stream = r.stream AND d.table_name = 'raw_readings' AND d.cause = 'retention')
)
ORDER BY r.id
LIMIT $1
