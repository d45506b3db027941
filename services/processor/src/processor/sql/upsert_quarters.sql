-- Adds the staged aggregates to the quarters they belong to, in key order, and then their counts to those of their
-- series. A sum comes as four limbs of 31 bits, unit 2^-62.
WITH counted AS (
    INSERT INTO series_counts AS c (series_id, count)
    SELECT series_id, sum(count) FROM staged_quarters GROUP BY series_id ORDER BY series_id
    ON CONFLICT (series_id) DO UPDATE SET count = c.count + excluded.count
)
INSERT INTO quarters AS w (series_id, quarter, count, sum, min, max, first_at, first_value, last_at, last_value, minutes)
SELECT series_id, start, count, ((s0::numeric * 2147483648 + s1) * 2147483648 + s2) * 2147483648 + s3, min, max,
       first_at, first_value, last_at, last_value, minutes
FROM staged_quarters
ORDER BY series_id, start
ON CONFLICT (series_id, quarter) DO UPDATE SET
    count = w.count + excluded.count,
    sum = w.sum + excluded.sum,
    min = least(w.min, excluded.min),
    max = greatest(w.max, excluded.max),
    first_at = least(w.first_at, excluded.first_at),
    first_value = CASE WHEN (excluded.first_at, excluded.first_value) < (w.first_at, w.first_value)
                       THEN excluded.first_value ELSE w.first_value END,
    last_at = greatest(w.last_at, excluded.last_at),
    last_value = CASE WHEN (excluded.last_at, excluded.last_value) > (w.last_at, w.last_value)
                      THEN excluded.last_value ELSE w.last_value END,
    minutes = w.minutes | excluded.minutes
