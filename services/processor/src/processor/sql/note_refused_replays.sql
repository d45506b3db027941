-- Notes of open dead letters that their replays were refused again: when the newest came, and why.
UPDATE dead_letters l SET tried_at = a.at, tried_reason = a.reason, tried_detail = a.detail
FROM unnest($1::integer[], $2::text[], $3::integer[], $4::bigint[], $5::timestamptz[], $6::text[], $7::text[])
    AS a (generation, topic, partition, "offset", at, reason, detail)
WHERE (l.generation, l.topic, l.partition, l."offset") = (a.generation, a.topic, a.partition, a."offset")
    AND replayed_at IS NULL AND (tried_at IS NULL OR tried_at <= a.at)
