"""The protocol of Zilliz Cloud: one typed call per endpoint, no decisions.

`transport` is the only importer of the HTTP client; `envelope` and `errors` turn its answers into values once,
at the border; `effects` holds the four answers of a request that changes something; `jobs`, `imports`,
`imports_v1`, `backups`, `restores`, `exports`, `migrations`, `clusters`, `scaling`, `projects` and `console` are the
calls of the control plane, `dataplane` those of a cluster's own host; `session` bundles them for one key.
"""
