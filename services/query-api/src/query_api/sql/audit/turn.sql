-- Whether this transaction is the one audit that may run now.
SELECT pg_try_advisory_xact_lock(hashtext('tideline.audit')) AS mine
