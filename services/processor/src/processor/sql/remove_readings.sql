-- Takes the raw readings of these windows away; after the windows, so that what a writer adds meanwhile stays with its window.
DELETE FROM raw_readings r USING unnest($1::integer[], $2::timestamptz[]) AS w (series_id, minute)
WHERE r.series_id = w.series_id AND r.timestamp >= w.minute AND r.timestamp < w.minute + interval '1 minute'
