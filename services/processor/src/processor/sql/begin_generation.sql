-- Begins a topic's next generation: every partition starts at its log's start. Returns the generation.
INSERT INTO offsets (generation, topic, partition, start_offset, next_offset)
SELECT (SELECT max(generation) + 1 FROM offsets WHERE topic = $1), $1, p.partition, p.log_start, p.log_start
FROM unnest($2::integer[], $3::bigint[]) AS p (partition, log_start)
RETURNING generation
