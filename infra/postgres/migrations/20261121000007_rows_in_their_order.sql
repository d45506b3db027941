-- migrate:up

-- Rows keep the order of their fields: where a row has more numbers than are taken, or one name twice, it decides which.
ALTER TABLE raw_rows ALTER COLUMN data TYPE json;

-- migrate:down
