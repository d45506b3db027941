-- One stream, also a deleted one.
SELECT * FROM streams WHERE id = $1
