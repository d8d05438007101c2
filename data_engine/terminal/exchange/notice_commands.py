"""The command `data-engine review notices`.

The other commands of the group are in `terminal/review_commands.py`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from data_engine.terminal.command_options import CORPUS

if TYPE_CHECKING:
    from data_engine.review.notices.outbox import Notice

_MINUTES = 10


@click.command(name="notices")
@CORPUS
@click.option("--send", is_flag=True, help="Note what has happened and send what is due, as the sensor does.")
@click.option("--retry", is_flag=True, help="Send all that is not sent, those that were given up included.")
def notices_command(corpus: str | None, send: bool, retry: bool) -> None:
    """List the notices of review batches with what became of them; send them with --send or --retry."""
    from data_engine.orchestration.launch.project import Project
    from data_engine.runtime.exchange.notices import listed_notices, retry_notices, send_notices
    from data_engine.terminal.plain_text import counted

    runtime = Project.find(Path.cwd()).runtime(corpus).one_question()
    if retry:
        click.echo(f"{counted(retry_notices(runtime), 'notice')} to send again")
    if send or retry:
        sent = send_notices(runtime, for_s=60 * _MINUTES)
        click.echo(f"{counted(sent.n_sent, 'notice')} sent, {counted(sent.n_failed, 'attempt')} failed")
    found = listed_notices(runtime)
    for each in found:
        click.echo(_line(each))
    click.echo(counted(len(found), "notice"))


def _line(notice: "Notice") -> str:
    from data_engine.terminal.plain_text import counted, shown

    said = {
        "sent": f"sent {notice.sent_at:%Y-%m-%d %H:%M} UTC" if notice.sent_at else "sent",
        "failed": f"given up after {counted(notice.n_attempts, 'attempt')}",
        "sending": "on its way",
        "waiting": f"waits for {notice.next_attempt_at:%Y-%m-%d %H:%M} UTC" if notice.n_attempts else "waits",
    }[notice.state]
    error = f": {shown(notice.error)}" if notice.error else ""
    what = f"{notice.channel:<7}  {notice.event:<8}  {shown(notice.review_batch)}"
    return f"{notice.delivery_id[:8]}  {what}  {said}{error}"
