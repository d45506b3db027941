-- The stream's data is gone: its id may be used again.
UPDATE streams SET delete_data = false WHERE id = $1 AND desired = 'deleted'
