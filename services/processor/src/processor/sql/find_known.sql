-- Which of the staged readings are in the raw table already. OFFSET 0 keeps it one index lookup a row.
SELECT n FROM staged_readings s
WHERE EXISTS (
    SELECT FROM raw_readings r
    WHERE r.series_id = s.series_id AND r.timestamp = s.timestamp AND r.id = s.id
    OFFSET 0
)
