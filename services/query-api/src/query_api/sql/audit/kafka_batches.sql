-- The batches of partition $1, $2, $3 in pass $4 whose range lies between offsets $5 and $6.
SELECT first_offset, next_offset, accepted, duplicate, rejected, samples FROM batches
WHERE (generation, topic, partition, pass) = ($1, $2, $3, $4) AND first_offset >= $5 AND next_offset <= $6
ORDER BY first_offset
