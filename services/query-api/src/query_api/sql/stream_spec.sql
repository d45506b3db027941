-- The spec of stream $1; no row for one that only outsiders publish to.
SELECT spec::text AS spec FROM streams WHERE id = $1
