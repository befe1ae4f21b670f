"""What Alembic runs for every command: the connection comes from the caller, in the caller's transaction."""

from alembic import context

import clinic.store.tables  # noqa: F401 - imported for its tables, as the next four
import common.evidence.audit
import common.outbox.store  # noqa: F401
import recording.catalog.tables  # noqa: F401
import rooms.store.tables  # noqa: F401
from common.database import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
context.run_migrations()
