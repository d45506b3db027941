-- migrate:up

ALTER TABLE dead_letter_requests ADD COLUMN taken boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN dead_letter_requests.taken IS 'Of a replay: this is the one that counted; all others of its letter are duplicates.';
GRANT UPDATE (taken) ON dead_letter_requests TO tideline_processor;
GRANT SELECT (taken) ON dead_letter_requests TO tideline_api;

-- migrate:down
