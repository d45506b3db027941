-- Dead letters of partition $1, $2, $3 from offset $4 up to $5, what they keep of the record as a digest.
SELECT "offset", reason, sha256(sha256(coalesce(key, '')) || sha256(coalesce(value, ''))) AS digest
FROM dead_letters
WHERE (generation, topic, partition) = ($1, $2, $3) AND "offset" >= $4 AND "offset" < $5
