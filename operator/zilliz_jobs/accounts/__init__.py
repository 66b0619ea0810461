"""ZillizConnections: keys, sessions with the cloud, who may read which Secret, and what outlives the operator."""
