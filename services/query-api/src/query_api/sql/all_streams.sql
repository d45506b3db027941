-- Every stream that is known: those that run or ran here, and those that outsiders publish to.
SELECT id AS stream FROM streams
UNION
SELECT stream FROM series
ORDER BY stream
