"""The audit log beside a governed file: what each statement was, who ran it, and whether it was allowed."""
