-- Streams that were deleted together with their data, which nobody runs any more.
SELECT id FROM streams WHERE desired = 'deleted' AND delete_data AND state NOT IN ('pending', 'running', 'paused', 'stopping')
ORDER BY id
