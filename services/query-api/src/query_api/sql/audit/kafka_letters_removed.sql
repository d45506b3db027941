-- Up to when dead letters of partition $1, $2, $3 were taken away.
SELECT max(range_end) AS until FROM removed
WHERE table_name = 'dead_letters' AND (generation, topic, partition) = ($1, $2, $3)
