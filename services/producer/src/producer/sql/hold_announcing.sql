-- Whether this transaction may announce; another copy may not until it ends.
SELECT pg_try_advisory_xact_lock(hashtext('tideline.announce'))
