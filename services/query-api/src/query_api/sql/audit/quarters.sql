-- Invariant 5: quarters from $2 to $3 (both at quarters) that are not the sum of their windows. At most $1.
SELECT stream, category, quarter AS minute,
       jsonb_build_object('count', q.count, 'sum', q.sum::text, 'min', q.min, 'max', q.max, 'first_at', q.first_at,
           'first_value', q.first_value, 'last_at', q.last_at, 'last_value', q.last_value, 'minutes', q.minutes) AS stored,
       jsonb_build_object('count', w.count, 'sum', w.sum::text, 'min', w.min, 'max', w.max, 'first_at', w.first_at,
           'first_value', w.first[2], 'last_at', w.last_at, 'last_value', w.last[2], 'minutes', w.minutes) AS should_be,
       count(*) OVER () AS total
FROM (SELECT * FROM quarters WHERE quarter >= $2 AND quarter < $3) AS q
FULL JOIN (
    SELECT series_id, date_bin('15 minutes', minute, 'epoch') AS quarter, sum(count)::bigint AS count, sum(sum) AS sum,
           min(min) AS min, max(max) AS max, min(first_at) AS first_at, max(last_at) AS last_at,
           min(ARRAY[date_part('epoch', first_at), first_value]) AS first,
           max(ARRAY[date_part('epoch', last_at), last_value]) AS last,
           bit_or(1 << (date_part('epoch', minute)::bigint / 60 % 15)::integer)::smallint AS minutes
    FROM windows WHERE minute >= $2 AND minute < $3
    GROUP BY 1, 2
) AS w USING (series_id, quarter)
LEFT JOIN series ON series.id = series_id
WHERE (q.count, q.sum, q.min, q.max, q.first_at, q.first_value, q.last_at, q.last_value, q.minutes)
    IS DISTINCT FROM (w.count, w.sum, w.min, w.max, w.first_at, w.first[2], w.last_at, w.last[2], w.minutes)
ORDER BY stream, category, quarter
LIMIT $1
