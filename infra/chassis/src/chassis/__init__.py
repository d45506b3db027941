"""What every service does before its own work: settings, logs, database, problem+json, one-line start errors."""
