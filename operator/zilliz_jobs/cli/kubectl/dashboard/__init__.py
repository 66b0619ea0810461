"""`kubectl zilliz dashboard`: the job centre as a page in the browser, served to this user only."""
