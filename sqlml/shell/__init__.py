"""The interactive shell: `sqlml shell`. It knows a Session and what is typed; it has no SQL of the user's to judge."""
