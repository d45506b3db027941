-- Writes the ledger: one row a batch. The first row of the transaction names the windows it touched: those that are staged.
WITH touched AS (
    SELECT coalesce(array_agg(series_id), '{}') AS series,
           coalesce(array_agg((extract(epoch FROM start) / 60)::integer), '{}') AS minutes
    FROM staged_windows
)
INSERT INTO batches (generation, topic, partition, pass, first_offset, next_offset, accepted, duplicate, rejected, samples,
                     touched_series, touched_minutes)
SELECT b.generation, b.topic, b.partition, b.pass, b.first_offset, b.next_offset, b.accepted, b.duplicate, b.rejected, b.samples,
       CASE WHEN n = 1 THEN touched.series END, CASE WHEN n = 1 THEN touched.minutes END
FROM unnest($1::integer[], $2::text[], $3::integer[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
            $9::bigint[], $10::bigint[]) WITH ORDINALITY
    AS b (generation, topic, partition, pass, first_offset, next_offset, accepted, duplicate, rejected, samples, n), touched
