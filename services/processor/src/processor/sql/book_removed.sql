-- Books what was taken away, so that the sums of accepted records and samples still hold.
INSERT INTO removed (stream, table_name, range_start, range_end, rows, samples) VALUES ($1, $2, $3, $4, $5, $6)
