-- Locks up to $2 dead letters that were kept for $1 days and of which nothing is on its way; those that others hold are left out.
SELECT generation, topic, partition, "offset" FROM dead_letters l
WHERE received_at < now() - $1 * interval '1 day' AND NOT EXISTS (
    SELECT FROM dead_letter_requests r
    WHERE (r.generation, r.topic, r.partition, r."offset") = (l.generation, l.topic, l.partition, l."offset") AND done_at IS NULL
)
ORDER BY received_at
LIMIT $2
FOR UPDATE SKIP LOCKED
