-- Every stream that is not deleted.
SELECT *
FROM streams
WHERE desired <> 'deleted' OR state = 'stopping'
ORDER BY built_in DESC, id
