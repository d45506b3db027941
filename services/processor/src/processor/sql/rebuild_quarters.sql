-- Makes the quarters of these windows again from the windows that are left in them.
INSERT INTO quarters (series_id, quarter, count, sum, min, max, first_at, first_value, last_at, last_value, minutes)
SELECT w.series_id, touched.quarter, sum(count), sum(sum), min(min), max(max),
       min(first_at), (array_agg(first_value ORDER BY first_at, first_value))[1],
       max(last_at), (array_agg(last_value ORDER BY last_at DESC, last_value DESC))[1],
       bit_or(1 << (extract(minute FROM minute)::integer % 15))::smallint
FROM windows w
JOIN (
    SELECT DISTINCT series_id, date_bin('15 minutes', minute, 'epoch') AS quarter
    FROM unnest($1::integer[], $2::timestamptz[]) AS gone (series_id, minute)
) touched ON w.series_id = touched.series_id AND minute >= touched.quarter AND minute < touched.quarter + interval '15 minutes'
GROUP BY w.series_id, touched.quarter
ORDER BY w.series_id, touched.quarter
