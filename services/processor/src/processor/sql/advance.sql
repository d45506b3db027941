-- Moves the held offsets to the end of their batches and adds what became of the records.
UPDATE offsets o
SET next_offset = b.next_offset,
    accepted = o.accepted + b.accepted,
    duplicate = o.duplicate + b.duplicate,
    rejected = o.rejected + b.rejected,
    bookmark_time = timestamptz 'epoch' + b.bookmark_ms * interval '1 millisecond',
    bookmark_hash = b.bookmark_hash
FROM unnest($1::integer[], $2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bytea[])
    AS b (generation, topic, partition, next_offset, accepted, duplicate, rejected, bookmark_ms, bookmark_hash)
WHERE (o.generation, o.topic, o.partition) = (b.generation, b.topic, b.partition)
