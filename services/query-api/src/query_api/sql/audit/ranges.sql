-- Invariant 2: places where the ranges of a pass do not join: offsets in none, offsets in two, ranges of a partition that
-- is not known or beyond its stored offset. An empty range at the stored offset ends the current pass. At most $1.
WITH ranges AS (
    SELECT generation, topic, partition, pass, first_offset, next_offset FROM batches
    UNION ALL
    SELECT generation, topic, partition, pass, from_offset, to_offset FROM gaps
    WHERE cause = 'retention' AND accepted_at IS NOT NULL
    UNION ALL
    SELECT generation, topic, partition, pass, next_offset, next_offset FROM offsets
),
joined AS (
    SELECT r.*, o.next_offset AS stored_end, o.pass AS current,
           coalesce(max(r.next_offset) OVER before, CASE WHEN r.pass = o.pass THEN o.start_offset ELSE r.first_offset END)
               AS expected
    FROM ranges r
    LEFT JOIN offsets o USING (generation, topic, partition)
    WINDOW before AS (
        PARTITION BY generation, topic, partition, r.pass ORDER BY r.first_offset, r.next_offset
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
)
SELECT generation, topic, partition, pass,
       CASE WHEN first_offset = expected THEN first_offset ELSE least(first_offset, expected) END AS first_offset,
       CASE WHEN first_offset = expected THEN next_offset ELSE greatest(first_offset, expected) END AS next_offset,
       CASE WHEN first_offset > expected THEN '{"ranges": 0}' WHEN first_offset < expected THEN '{"ranges": 2}'
            ELSE jsonb_build_object('ledger_ends', next_offset) END::jsonb AS stored,
       CASE WHEN first_offset <> expected THEN '{"ranges": 1}' ELSE jsonb_build_object('ledger_ends', stored_end) END::jsonb
           AS should_be,
       count(*) OVER () AS total
FROM joined
WHERE first_offset <> expected OR stored_end IS NULL OR (pass = current AND next_offset > stored_end) OR pass > current
ORDER BY generation, topic, partition, pass, first_offset
LIMIT $1
