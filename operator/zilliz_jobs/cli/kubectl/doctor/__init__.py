"""`kubectl zilliz doctor`: is all there that jobs need? Each check is a line that says OK, or what to do."""
