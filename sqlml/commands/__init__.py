"""The commands of the command line: one line each, in the order of `sqlml --help`."""

from sqlml.commands import audit, backup, doctor, key, lineage, new, run, shell, trust

COMMANDS = (run.add, shell.add, new.add, doctor.add, lineage.add, trust.add, audit.add, key.add, backup.add)
