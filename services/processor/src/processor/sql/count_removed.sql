-- Takes the samples of windows that are gone from the counts of their series.
UPDATE series_counts c SET count = c.count - gone.count
FROM (
    SELECT series_id, sum(count) AS count FROM unnest($1::integer[], $2::bigint[]) AS w (series_id, count) GROUP BY series_id
) AS gone
WHERE c.series_id = gone.series_id
