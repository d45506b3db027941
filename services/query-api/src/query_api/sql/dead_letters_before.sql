-- The $13 newest dead letters of reasons $1, topic $2, stream $3, state $4, from time $5 up to $6, with text $7 in value, key
-- or detail (each null: any), before a place (received, generation, topic, partition, offset: $8 to $12). Of each value the
-- beginning only.
SELECT received_at, generation, topic, partition, "offset", append_time, stream, reason, detail, state,
       octet_length(value) AS bytes, substring(value FROM 1 FOR 4000) AS value, substring(key FROM 1 FOR 400) AS key,
       replayed_at, tried_at, tried_reason, tried_detail, discarded_at, note,
       (SELECT min(requested_at) FROM dead_letter_requests r
        WHERE (r.generation, r.topic, r.partition, r."offset") = (l.generation, l.topic, l.partition, l."offset")
          AND r.done_at IS NULL) AS requested_at
FROM dead_letters l
CROSS JOIN LATERAL (
    SELECT CASE WHEN replayed_at IS NOT NULL THEN 'replayed' WHEN discarded_at IS NOT NULL THEN 'discarded' ELSE 'open' END AS state
) AS s
WHERE ($1::text[] IS NULL OR reason = ANY ($1)) AND ($2::text IS NULL OR topic = $2) AND ($3::text IS NULL OR stream = $3)
  AND ($4::text IS NULL OR state = $4)
  AND received_at >= coalesce($5::timestamptz, '-infinity') AND received_at < coalesce($6::timestamptz, 'infinity')
  AND ($7::text IS NULL OR strpos(lower(detail), lower($7)) > 0
       OR position(convert_to($7, 'UTF8') IN value) > 0 OR position(convert_to($7, 'UTF8') IN key) > 0)
  AND received_at <= coalesce($8::timestamptz, 'infinity')
  AND ($8::timestamptz IS NULL
       OR (received_at, generation, topic, partition, "offset") < ($8, $9::integer, $10::text, $11::integer, $12::bigint))
ORDER BY received_at DESC, generation DESC, topic DESC, partition DESC, "offset" DESC
LIMIT $13
