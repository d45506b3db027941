-- Up to where each partition of the topics $1 was processed, and how many records of it within the last $2: walks the
-- ledger backwards from its end, one look a batch, at most 5,000 of them.
SELECT o.topic, o.partition, o.next_offset, coalesce(recent.records, 0)::bigint AS records
FROM offsets o
CROSS JOIN LATERAL (
    WITH RECURSIVE back AS (
        (SELECT first_offset, next_offset, committed_at, 1 AS n FROM batches b
         WHERE (b.generation, b.topic, b.partition, b.pass) = (o.generation, o.topic, o.partition, o.pass)
         ORDER BY first_offset DESC LIMIT 1)
        UNION ALL
        SELECT before.*, n + 1 FROM back CROSS JOIN LATERAL (
            SELECT first_offset, next_offset, committed_at FROM batches b
            WHERE (b.generation, b.topic, b.partition, b.pass) = (o.generation, o.topic, o.partition, o.pass)
              AND b.first_offset < back.first_offset
            ORDER BY first_offset DESC LIMIT 1
        ) AS before
        WHERE back.committed_at >= now() - $2::interval AND n < 5000
    )
    SELECT sum(next_offset - first_offset) AS records FROM back WHERE committed_at >= now() - $2::interval
) AS recent
WHERE o.topic = ANY ($1) AND o.generation = (SELECT max(generation) FROM offsets WHERE topic = o.topic)
