-- What is known of the file of run $2 of stream $1, as long as copy $3 has the stream.
SELECT dataset FROM streams WHERE id = $1 AND run = $2 AND owner = $3
