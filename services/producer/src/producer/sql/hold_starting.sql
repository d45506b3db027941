-- Makes starts wait for each other, over all copies, until this transaction ends.
SELECT pg_advisory_xact_lock(hashtext('tideline.start'))
