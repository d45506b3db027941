-- Locks the offsets of a transaction's partitions, in key order, where they are still what this process last stored.
SELECT o.partition
FROM offsets o
JOIN unnest($1::integer[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[])
    AS held (generation, topic, partition, epoch, next_offset) USING (generation, topic, partition)
WHERE o.epoch = held.epoch AND o.next_offset = held.next_offset
ORDER BY o.generation, o.topic, o.partition
FOR UPDATE OF o
