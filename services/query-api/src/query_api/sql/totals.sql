-- How many readings and rows are kept: what was accepted in every pass, as the counters and the ledger of earlier passes
-- say, without what was removed; and how many streams count towards those that may run at once.
SELECT
    (SELECT coalesce(sum(accepted), 0) FROM offsets)::bigint
    + (SELECT coalesce(sum(batches.accepted), 0)
       FROM offsets JOIN batches USING (generation, topic, partition)
       WHERE batches.pass < offsets.pass)::bigint
    - (SELECT coalesce(sum(rows), 0) FROM removed WHERE table_name IN ('raw_readings', 'raw_rows'))::bigint AS row_count,
    (SELECT count(*) FROM streams
     WHERE NOT built_in AND state IN ('pending', 'running', 'paused', 'stopping')) AS task_count
