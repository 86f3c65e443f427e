"""Tell Alembic which connection to migrate: the one that `schema.migrate` hands over.

SQLite can undo DDL, but Alembic does not expect it; `transactional_ddl` says so. All missing steps
share one transaction that begins before the version is read, so that two processes which
open a new ledger at the same moment do not both create its tables.
"""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=True)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":  # whoever comes second waits, and finds everything done
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1886352244, 1)")
    context.run_migrations()
