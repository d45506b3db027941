-- Streams of which raw data was taken away, or is just being taken.
SELECT DISTINCT stream FROM removed WHERE stream IS NOT NULL
UNION
SELECT id FROM streams WHERE delete_data
