"""Connect to PostgreSQL so that the ledger is safe there, and tell its failures apart.

It needs PostgreSQL 13 or newer. The names of connection parameters and settings, and the codes of errors
(SQLSTATE), are PostgreSQL's own: https://www.postgresql.org/docs/current/, chapters "libpq", "Client
Connection Defaults" and "PostgreSQL Error Codes".
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from postroom.errors import LedgerError

# Parameters of libpq, each unless the URL names it. A host that is gone is noticed within a minute.
_PARAMETERS = {
    "fallback_application_name": "postroom",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "50000",  # milliseconds
    "target_session_attrs": "read-write",  # of several hosts, the one that is no standby
}

# A process that sleeps in the middle of a transaction must not keep others waiting; a scan may take long.
_SETTINGS = {
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "statement_timeout": "0",
}

_PLACE = ("host", "port", "service")  # the others may be passwords: password, sslpassword, …

_DEADLOCK, _SERIALIZATION = "40P01", "40001"
_DAMAGE = ("XX001", "XX002")  # data and index corrupted

# What a server says when it refuses someone: libpq tells no SQLSTATE then, so its words must do.
_REFUSALS = {
    "password authentication failed": "it refused the password of {user}; set the right one in `outbox: database:`",
    "no password supplied": "it wants a password for {user}; put it into `outbox: database:`",
    r"no pg_hba\.conf entry": "it does not let {user} in from this machine; add a line for it to pg_hba.conf",
    "too many (clients|connections)": "it has no connection left; raise max_connections, or stop what else uses it",
    "remaining connection slots": "it has no connection left; raise max_connections, or stop what else uses it",
    'role "[^"]*" does not exist': "it knows no user {user}; make one (createuser {user}), or name another",
    'database "[^"]*" does not exist': "it has no database {database}; make one: createdb --owner {user} {database}",
}
_CURES = {
    "25006": "it takes no writes: it is a standby, or set read-only; name the primary in `outbox: database:`",
    "42501": "{user} may not do that ({said}); let it own the database: ALTER DATABASE {database} OWNER TO {user}",
    "53100": "the server's disk is full; free some space there, then try again: nothing was lost",
    "53300": "it has no connection left; raise max_connections, or stop what else uses it",
    "55P03": "another program keeps rows locked (for over 10 seconds); stop that one, then try again",
    _DEADLOCK: "other programs and this one waited for each other, again and again; stop one, then try again",
}


def address_of(url: str) -> URL | None:
    """Return the parts of a `postgresql://…` URL; None for anything else.

    Raises LedgerError for a port that is none.
    """
    try:
        address = make_url(url)
    except exc.ArgumentError:
        return None
    except ValueError:  # whose text shows what stands in the port's place: it may be a password
        raise LedgerError(
            "the port in `outbox: database:` is no number; expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
            "with %40 for each @ in the password"
        ) from None
    return address if address.get_backend_name() in ("postgresql", "postgres") else None


def shown(address: URL) -> str:
    """Name a server and its database to people: of the parameters only those that say where it is.

    The password is left out, not starred: whoever copies the address into a command is asked for it, or has it in
    ~/.pgpass (libpq, "The Password File").
    """
    query = {name: value for name, value in address.query.items() if name in _PLACE}
    place = URL.create(
        "postgresql",
        username=address.username,
        host=address.host,
        port=address.port,
        database=address.database,
        query=query,
    )
    return place.render_as_string()


def engine_of(address: URL) -> Engine:
    """Make an engine whose connections have the ledger's settings."""
    parameters = {name: value for name, value in _PARAMETERS.items() if name not in address.query}
    try:
        engine = create_engine(
            address.set(drivername="postgresql+psycopg"), poolclass=NullPool, connect_args=parameters
        )
    except ImportError as error:
        raise LedgerError("PostgreSQL needs one more package: pip install 'postroom[postgres]'") from error
    event.listen(engine, "connect", _settle_in)
    return engine


def begin(connection: Connection, writes: bool) -> None:
    """Say what the transaction is that began: one that reads sees one moment, as in SQLite, and changes nothing."""
    if not writes:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def is_worth_another_try(error: exc.DBAPIError) -> bool:
    """Whether a transaction that was not committed may succeed when it is run again at once."""
    return error.connection_invalidated or code_of(error) in (_DEADLOCK, _SERIALIZATION)


def is_damage(error: BaseException) -> bool:
    """Whether PostgreSQL found its own files damaged."""
    return code_of(error) in _DAMAGE


def code_of(error: BaseException) -> str:
    """Return the SQLSTATE of an error of the driver or of SQLAlchemy; empty where it has none."""
    origin = getattr(error, "orig", None) or error
    return getattr(origin, "sqlstate", None) or ""


def is_out_of_reach(error: BaseException) -> bool:
    """Whether the server did not answer, or the connection broke; not where it answered with a refusal.

    Its codes: 08 connection exceptions, 57P operator intervention, 25P03 idle too long in a transaction.
    """
    import psycopg

    code = code_of(error)
    if code:
        return code.startswith(("08", "57P", "25P03"))
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and refusal(error) is None


def refusal(error: BaseException) -> str | None:
    """Return the cure where the server would not let us in."""
    said = str(error)
    return next((cure for words, cure in _REFUSALS.items() if re.search(words, said)), None)


def told(address: URL, error: BaseException) -> str:
    """Say what is wrong and what helps; never the password."""
    # The details of the server may hold a row, with an address in it.
    said = " ".join((getattr(getattr(error, "diag", None), "message_primary", None) or str(error)).split())
    cure = _CURES.get(code_of(error)) or refusal(error)
    if cure is None:
        return said
    user, database = address.username or "its user", address.database or address.username or "postroom"
    return cure.format(user=user, database=database, said=said)


def durability(connection: Connection) -> str | None:
    """Say why this server may forget what it has confirmed; None where it keeps it through a power cut.

    A server that confirms before writing (`synchronous_commit` off) is no danger: our connections switch it on.
    """
    off = [name for name in ("fsync", "full_page_writes") if _setting(connection, name) == "off"]
    if _setting(connection, "synchronous_commit") == "off":
        off.append("synchronous_commit")
    if not off:
        return None
    return (
        f"PostgreSQL runs with {' and '.join(f'{name} = off' for name in off)}: after a power cut "
        f"mails may go out twice, or the ledger be damaged; set {' and '.join(off)} to on in postgresql.conf"
    )


@cache
def _text_without_nul() -> Any:  # a class made once psycopg is imported
    """Replace the one character that PostgreSQL's text cannot hold, and that a mail server may put into a reply."""
    from psycopg.types.string import StrDumperUnknown

    class Text(StrDumperUnknown):
        def dump(self, obj: str) -> Any:  # a buffer
            return super().dump(obj.replace("\0", "\ufffd"))

    return Text


def _setting(connection: Connection, name: str) -> str:
    return str(connection.exec_driver_sql("SELECT current_setting(%s)", (name,)).scalar_one())


def _settle_in(
    connection: Any, record: object
) -> None:  # the driver's connection, which SQLAlchemy types Any
    """Give a new connection its settings."""
    connection.adapters.register_dumper(str, _text_without_nul())
    changes = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in _SETTINGS.items())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT current_setting('server_encoding'), {changes}")
        encoding = cursor.fetchone()[0]
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()
    if encoding != "UTF8":
        raise LedgerError(
            f"the ledger's database is encoded in {encoding}; make it anew: "
            "createdb --encoding UTF8 --template template0"
        )
