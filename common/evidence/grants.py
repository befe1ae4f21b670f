"""What the server's role may do in PostgreSQL: everything with everything but the audit trail, which it may only lengthen."""

import re

from sqlalchemy import MetaData

from common.evidence.audit import audit_entry

_ROLE = re.compile(r"[a-z_][a-z0-9_$]{0,62}")


def grants(role: str, tables: MetaData) -> str:
    """SQL for psql, to be run by the tables' owner after each migration. Raises ValueError for what is no plain role name."""
    if _ROLE.fullmatch(role) is None:
        raise ValueError("a role's name has small letters, digits and underscores")
    changed = ", ".join(table.name for table in tables.sorted_tables if table is not audit_entry)
    return "\n".join(
        [
            f"GRANT USAGE ON SCHEMA public TO {role};",
            f"GRANT SELECT ON alembic_version TO {role};",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {changed} TO {role};",
            f"REVOKE ALL ON {audit_entry.name} FROM {role};",
            f"GRANT SELECT, INSERT ON {audit_entry.name} TO {role};",
            "",
        ]
    )
