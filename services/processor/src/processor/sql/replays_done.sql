-- Notes that these replays (places and digests) have come back from Kafka.
UPDATE dead_letter_requests r SET done_at = now()
FROM unnest($1::integer[], $2::text[], $3::integer[], $4::bigint[], $5::bytea[])
    AS a (generation, topic, partition, "offset", digest)
WHERE (r.generation, r.topic, r.partition, r."offset", r.digest) = (a.generation, a.topic, a.partition, a."offset", a.digest)
    AND wish = 'replay' AND done_at IS NULL
