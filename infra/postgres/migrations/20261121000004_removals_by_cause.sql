-- migrate:up

-- Why it went, and of dead letters which partition's: what the audit needs to tell what should still be there.
ALTER TABLE removed ADD COLUMN cause text NOT NULL DEFAULT 'deletion' CHECK (cause IN ('deletion', 'retention'));
ALTER TABLE removed ADD COLUMN generation integer, ADD COLUMN topic text, ADD COLUMN partition integer;
ALTER TABLE removed ALTER COLUMN stream DROP NOT NULL;
ALTER TABLE removed ADD CHECK ((stream IS NULL) = (topic IS NOT NULL));
COMMENT ON COLUMN removed.cause IS 'deletion: of a stream, windows and all; retention: raw data alone, whose windows stay, or dead letters.';
COMMENT ON COLUMN removed.topic IS 'Of dead letters: with generation and partition where they had come from.';

-- migrate:down
