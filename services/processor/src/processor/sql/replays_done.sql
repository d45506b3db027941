-- Notes that these replays (places and digests) have come back from Kafka, and which of them counted.
UPDATE dead_letter_requests r SET done_at = coalesce(done_at, now()), taken = r.taken OR a.taken
FROM unnest($1::integer[], $2::text[], $3::integer[], $4::bigint[], $5::bytea[], $6::boolean[])
    AS a (generation, topic, partition, "offset", digest, taken)
WHERE (r.generation, r.topic, r.partition, r."offset", r.digest) = (a.generation, a.topic, a.partition, a."offset", a.digest)
    AND wish = 'replay' AND (done_at IS NULL OR a.taken)
