-- Average and number of ticks of stream prices per day: days with bounds $1, read from quarters; one category ($2) or all.
SELECT
    width_bucket(quarter, $1::timestamptz[]) - 1 AS day,
    plain_sum(sum(sum)) / sum(count)::double precision AS average_price,
    sum(count)::bigint AS count
FROM quarters
WHERE series_id = ANY (ARRAY(SELECT id FROM series WHERE stream = 'prices' AND ($2::text IS NULL OR category = $2)))
  AND quarter >= $3 AND quarter < $4
GROUP BY 1
ORDER BY 1
