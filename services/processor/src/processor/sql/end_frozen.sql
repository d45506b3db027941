-- Ends sessions of this role that have waited for their client for 5 s inside a transaction: a frozen process, which no timeout
-- ends while it is in the middle of a COPY. What it wrote is rolled back; if it wakes up it starts over.
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()
    AND xact_start IS NOT NULL AND wait_event_type = 'Client' AND query_start < clock_timestamp() - interval '5 seconds'
