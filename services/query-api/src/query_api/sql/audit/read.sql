-- Invariant 1: partitions where what was read is not what became of it, in the current pass. At most $1.
SELECT generation, topic, partition, pass, start_offset AS first_offset, next_offset,
       jsonb_build_object('read', next_offset - start_offset) AS stored,
       jsonb_build_object('read', accepted + duplicate + rejected + missing) AS should_be,
       count(*) OVER () AS total
FROM offsets o
CROSS JOIN LATERAL (
    SELECT coalesce(sum(to_offset - from_offset), 0)::bigint AS missing FROM gaps g
    WHERE (g.generation, g.topic, g.partition, g.pass) = (o.generation, o.topic, o.partition, o.pass)
      AND (cause = 'not_delivered' OR accepted_at IS NOT NULL)
) AS never_given
WHERE next_offset - start_offset <> accepted + duplicate + rejected + missing
ORDER BY generation, topic, partition
LIMIT $1
