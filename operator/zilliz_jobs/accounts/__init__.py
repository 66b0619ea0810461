"""ZillizConnections: API keys, sessions with the cloud, which Secrets may be read, and what outlives the operator."""
