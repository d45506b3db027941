-- Which of these replays (places $2 to $5, digests of their values $6; numbered $1) were asked for, and which of them counted.
SELECT a.n, r.append_time, r.taken
FROM unnest($1::integer[], $2::integer[], $3::text[], $4::integer[], $5::bigint[], $6::bytea[])
    AS a (n, generation, topic, partition, "offset", digest)
JOIN dead_letter_requests r USING (generation, topic, partition, "offset", digest)
WHERE wish = 'replay'
