-- One line per series and bucket, in that order. Series: at most $6 from a place on ($3, $4; itself only if $5), of one
-- stream ($1) and some categories ($2) or of all; one without data has one line without a bucket. Buckets: pieces of time
-- with bounds $7 and starts of their buckets $8, or with step $9 buckets of that length from $8 on; read from quarters in
-- [$10, $11) and from windows before and after, up to $12; minutes with data only if $13 (most quarters have all 15). The
-- fixed-point sums are added first and converted once. The values are known when it is planned, so what they decide costs
-- nothing a row.
WITH chosen AS (
    SELECT id, stream, category
    FROM series
    WHERE ($1::text IS NULL OR stream = $1)
      AND ($2::text[] IS NULL OR category = ANY ($2))
      AND (stream, category) >= ($3::text, $4::text)
      AND ($5::boolean OR (stream, category) <> ($3, $4))
    ORDER BY stream, category
    LIMIT $6
)
SELECT
    stream, category, sum / count AS avg_value, count, sum, min, max, last_timestamp, window_start, minutes, parts,
    (SELECT count(*) FROM chosen) AS series
FROM chosen
LEFT JOIN (
    SELECT
        series_id,
        CASE
            WHEN $9::interval IS NOT NULL THEN date_bin($9, start, ($8::timestamptz[])[1])
            WHEN cardinality($8) = 1 THEN ($8)[1]
            ELSE ($8)[width_bucket(start, $7)]
        END AS window_start,
        sum(count)::bigint AS count,
        plain_sum(sum(sum)) AS sum,
        min(min) AS min,
        max(max) AS max,
        max(last_at) AS last_timestamp,
        sum(
            CASE WHEN NOT $13::boolean THEN NULL WHEN minutes = 32767 THEN 15 ELSE bit_count(minutes::integer::bit(15)) END
        )::bigint AS minutes,
        count(*) AS parts
    FROM (
        SELECT series_id, quarter AS start, count, sum, min, max, last_at, minutes
        FROM quarters
        WHERE series_id = ANY (ARRAY(SELECT id FROM chosen)) AND quarter >= $10 AND quarter < $11 AND $10 < $11
        UNION ALL
        SELECT series_id, minute, count, sum, min, max, last_at, 1::smallint
        FROM windows
        WHERE series_id = ANY (ARRAY(SELECT id FROM chosen))
          AND minute >= ($7::timestamptz[])[1] AND minute < $10 AND ($7)[1] < $10
        UNION ALL
        SELECT series_id, minute, count, sum, min, max, last_at, 1::smallint
        FROM windows
        WHERE series_id = ANY (ARRAY(SELECT id FROM chosen)) AND minute >= $11 AND minute < $12 AND $11 < $12
    ) AS parts
    GROUP BY 1, 2
) AS lines ON series_id = id
ORDER BY stream, category, window_start
