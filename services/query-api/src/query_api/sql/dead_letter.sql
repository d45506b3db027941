-- One dead letter, whole: of topic $1, partition $2, offset $3 and generation $4, the newest without one.
SELECT received_at, generation, topic, partition, "offset", append_time, stream, reason, detail,
       CASE WHEN replayed_at IS NOT NULL THEN 'replayed' WHEN discarded_at IS NOT NULL THEN 'discarded' ELSE 'open' END AS state,
       octet_length(value) AS bytes, value, key, headers::text AS headers,
       replayed_at, tried_at, tried_reason, tried_detail, discarded_at, note,
       (SELECT min(requested_at) FROM dead_letter_requests r
        WHERE (r.generation, r.topic, r.partition, r."offset") = (l.generation, l.topic, l.partition, l."offset")
          AND r.done_at IS NULL) AS requested_at
FROM dead_letters l
WHERE topic = $1 AND partition = $2 AND "offset" = $3 AND ($4::integer IS NULL OR generation = $4)
ORDER BY generation DESC
LIMIT 1
