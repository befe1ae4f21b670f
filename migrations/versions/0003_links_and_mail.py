"""Links that resume a seat, invitations, and what waits to leave the house by mail."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
