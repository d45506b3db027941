-- Average and number of ticks of stream prices per UTC day in [$2, $3), read from quarters; one category ($1) or all.
SELECT
    (quarter AT TIME ZONE 'UTC')::date AS date,
    plain_sum(sum(sum)) / sum(count)::double precision AS average_price,
    sum(count)::bigint AS count
FROM quarters
WHERE series_id = ANY (ARRAY(SELECT id FROM series WHERE stream = 'prices' AND ($1::text IS NULL OR category = $1)))
  AND quarter >= $2 AND quarter < $3
GROUP BY 1
ORDER BY 1
