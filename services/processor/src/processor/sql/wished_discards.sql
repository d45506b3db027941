-- Up to $1 dead letters that are to be set aside, and why.
SELECT id, generation, topic, partition, "offset", note FROM dead_letter_requests
WHERE wish = 'discard' AND done_at IS NULL
ORDER BY id
LIMIT $1
