-- Locks the offsets of a transaction's partitions, in key order, where they are still what this process last stored, on
-- the server it claimed them on: after a failover or a restore, ids of series read before may mean others.
SELECT o.partition
FROM offsets o
JOIN unnest($1::integer[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::timestamptz[])
    AS held (generation, topic, partition, epoch, next_offset, server) USING (generation, topic, partition)
WHERE o.epoch = held.epoch AND o.next_offset = held.next_offset AND held.server = pg_postmaster_start_time()
ORDER BY o.generation, o.topic, o.partition
FOR UPDATE OF o
