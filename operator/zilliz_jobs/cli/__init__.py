"""The command `zilliz-jobs`: run the operator, show it working, write its CRDs."""
