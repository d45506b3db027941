-- Invariant 3: where dead letters are not those that were refused. In a partition that was read once and of which nothing
-- was removed: the batches whose range does not hold as many as it refused, and letters outside of every batch; else the
-- partition as a whole, over all passes. At most $1.
WITH refused AS (
    SELECT generation, topic, partition, count(DISTINCT pass) AS passes, sum(rejected)::bigint AS rejected
    FROM batches GROUP BY generation, topic, partition
),
kept AS (SELECT generation, topic, partition, count(*) AS letters FROM dead_letters GROUP BY generation, topic, partition),
gone AS (
    SELECT generation, topic, partition, sum(rows)::bigint AS letters FROM removed
    WHERE table_name = 'dead_letters' GROUP BY generation, topic, partition
),
partitions AS (
    SELECT generation, topic, partition, coalesce(passes, 1) = 1 AND g.letters IS NULL AS once,
           coalesce(k.letters, 0) AS letters, coalesce(rejected, 0) - coalesce(g.letters, 0) AS rejected
    FROM refused FULL JOIN kept k USING (generation, topic, partition) FULL JOIN gone g USING (generation, topic, partition)
),
by_batch AS (
    SELECT generation, topic, partition, pass, first_offset, next_offset, b.rejected, here.letters
    FROM partitions p
    JOIN batches b USING (generation, topic, partition)
    CROSS JOIN LATERAL (
        SELECT count(*) AS letters FROM dead_letters l
        WHERE (l.generation, l.topic, l.partition) = (b.generation, b.topic, b.partition)
          AND l."offset" >= b.first_offset AND l."offset" < b.next_offset
    ) AS here
    WHERE once AND p.letters <> p.rejected AND b.rejected <> here.letters
    UNION ALL
    SELECT l.generation, l.topic, l.partition, NULL, "offset", "offset" + 1, 0, 1
    FROM partitions p
    JOIN dead_letters l USING (generation, topic, partition)
    WHERE once AND p.letters <> p.rejected AND NOT EXISTS (
        SELECT FROM batches b
        WHERE (b.generation, b.topic, b.partition) = (l.generation, l.topic, l.partition)
          AND b.first_offset <= l."offset" AND b.next_offset > l."offset"
    )
    UNION ALL
    SELECT generation, topic, partition, NULL, NULL, NULL, rejected, letters
    FROM partitions WHERE NOT once AND letters <> rejected
)
SELECT generation, topic, partition, pass, first_offset, next_offset, 'dead_letters' AS "table",
       jsonb_build_object('dead_letters', letters) AS stored, jsonb_build_object('dead_letters', rejected) AS should_be,
       count(*) OVER () AS total
FROM by_batch
ORDER BY generation, topic, partition, first_offset
LIMIT $1
