-- Keeps refused records; one that is there already (a partition read again) stays. Returns the places that are new.
INSERT INTO dead_letters (generation, topic, partition, "offset", key, value, headers, reason, detail, append_time, stream)
SELECT generation, topic, partition, "offset", key, value, headers::jsonb, reason, detail,
       timestamptz 'epoch' + append_ms * interval '1 millisecond', stream
FROM unnest($1::integer[], $2::text[], $3::integer[], $4::bigint[], $5::bytea[], $6::bytea[], $7::text[], $8::text[], $9::text[], $10::bigint[],
            $11::text[])
    AS l (generation, topic, partition, "offset", key, value, headers, reason, detail, append_ms, stream)
ORDER BY generation, topic, partition, "offset"
ON CONFLICT DO NOTHING
RETURNING topic, partition, "offset"
