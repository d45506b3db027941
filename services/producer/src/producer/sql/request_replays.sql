-- Books replays of the dead letters at these places (generations, topics, partitions, offsets), with value $5 or as they are.
SELECT * FROM request_replays($1, $2, $3, $4, $5)
