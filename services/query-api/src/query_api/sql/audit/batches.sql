-- Invariant 1: batches whose counts are not the length of their range without what Kafka never delivered. At most $1.
SELECT generation, topic, partition, pass, first_offset, next_offset,
       jsonb_build_object('records', accepted + duplicate + rejected) AS stored,
       jsonb_build_object('records', next_offset - first_offset - missing) AS should_be,
       count(*) OVER () AS total
FROM batches b
CROSS JOIN LATERAL (
    SELECT coalesce(sum(to_offset - from_offset), 0)::bigint AS missing FROM gaps g
    WHERE (g.generation, g.topic, g.partition, g.pass) = (b.generation, b.topic, b.partition, b.pass)
      AND cause = 'not_delivered' AND from_offset >= b.first_offset AND from_offset < b.next_offset
) AS never_given
WHERE next_offset - first_offset <> accepted + duplicate + rejected
  AND next_offset - first_offset - missing <> accepted + duplicate + rejected
ORDER BY generation, topic, partition, pass, first_offset
LIMIT $1
