-- Takes the quarters of these windows away.
DELETE FROM quarters q USING (
    SELECT DISTINCT series_id, date_bin('15 minutes', minute, 'epoch') AS quarter
    FROM unnest($1::integer[], $2::timestamptz[]) AS w (series_id, minute)
) gone
WHERE (q.series_id, q.quarter) = (gone.series_id, gone.quarter)
