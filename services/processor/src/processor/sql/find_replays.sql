-- Which of these replays (places and digests) were asked for: when Kafka took the dead letter, and whether it is still open.
SELECT n, r.append_time, l.reason IS NOT NULL AND l.replayed_at IS NULL AS open
FROM unnest($1::integer[], $2::text[], $3::integer[], $4::bigint[], $5::bytea[]) WITH ORDINALITY
    AS a (generation, topic, partition, "offset", digest, n)
JOIN dead_letter_requests r USING (generation, topic, partition, "offset", digest)
LEFT JOIN dead_letters l USING (generation, topic, partition, "offset")
WHERE r.wish = 'replay'
