"""The commands of releases: list, show, diff, verify, pin, rollback, delete, export, create; and forget."""
