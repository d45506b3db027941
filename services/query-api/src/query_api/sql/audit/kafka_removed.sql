-- Which of these events may have been taken away since they came: of stream $1, table $2, time $3, appended at $4.
SELECT (n - 1)::integer AS n
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY
    AS e (stream, table_name, timestamp, append_time, n)
WHERE EXISTS (
    SELECT FROM removed r
    WHERE r.stream = e.stream AND r.table_name = e.table_name AND range_start <= timestamp AND range_end > timestamp
      AND removed_at >= append_time
) OR EXISTS (SELECT FROM streams s WHERE s.id = e.stream AND delete_data)
