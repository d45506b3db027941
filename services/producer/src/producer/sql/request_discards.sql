-- Books that the dead letters at these places (generations, topics, partitions, offsets) are to be set aside, because of $5.
SELECT * FROM request_discards($1, $2, $3, $4, $5)
