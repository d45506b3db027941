-- The changes of state that topic `streams` does not have yet, stream by stream in order.
SELECT id, kind, desired, unannounced
FROM streams
WHERE unannounced <> '[]'
ORDER BY id
