-- Invariant 1: partitions whose counters are not the sums of the ledger, in the current pass. At most $1.
SELECT generation, topic, partition, pass, start_offset AS first_offset, o.next_offset,
       jsonb_build_object('accepted', o.accepted, 'duplicate', o.duplicate, 'rejected', o.rejected) AS stored,
       jsonb_build_object('accepted', coalesce(l.accepted, 0), 'duplicate', coalesce(l.duplicate, 0),
                          'rejected', coalesce(l.rejected, 0)) AS should_be,
       count(*) OVER () AS total
FROM offsets o
LEFT JOIN (
    SELECT generation, topic, partition, pass,
           sum(accepted)::bigint AS accepted, sum(duplicate)::bigint AS duplicate, sum(rejected)::bigint AS rejected
    FROM batches GROUP BY generation, topic, partition, pass
) AS l USING (generation, topic, partition, pass)
WHERE (o.accepted, o.duplicate, o.rejected) <> (coalesce(l.accepted, 0), coalesce(l.duplicate, 0), coalesce(l.rejected, 0))
ORDER BY generation, topic, partition
LIMIT $1
