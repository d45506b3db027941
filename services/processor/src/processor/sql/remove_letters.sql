-- Deletes these dead letters but those of which something is on its way, and books that by partition.
WITH gone AS (
    DELETE FROM dead_letters l
    USING unnest($1::integer[], $2::text[], $3::integer[], $4::bigint[]) AS old (generation, topic, partition, "offset")
    WHERE (l.generation, l.topic, l.partition, l."offset") = (old.generation, old.topic, old.partition, old."offset")
        AND NOT EXISTS (
            SELECT FROM dead_letter_requests r
            WHERE (r.generation, r.topic, r.partition, r."offset") = (l.generation, l.topic, l.partition, l."offset")
                AND done_at IS NULL
        )
    RETURNING l.generation, l.topic, l.partition, l.received_at
)
INSERT INTO removed (table_name, cause, generation, topic, partition, range_start, range_end, rows, samples)
SELECT 'dead_letters', 'retention', generation, topic, partition, min(received_at),
       max(received_at) + interval '1 microsecond', count(*), 0
FROM gone GROUP BY generation, topic, partition
RETURNING rows
