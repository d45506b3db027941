-- One stream, held until this transaction ends.
SELECT * FROM streams WHERE id = $1 FOR UPDATE
