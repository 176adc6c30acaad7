"""``whisker relay``: a mailbox server, for people who are never online together."""

from __future__ import annotations

import click

from whisker_sync.cli.common import shared_options
from whisker_sync.cli.output import OUTPUT

PORT = 8790
"""Where a relay listens if nobody says otherwise."""

EXAMPLES = """\b
Examples:
  whisker relay
  whisker relay --host 0.0.0.0 --port 8790 --store sqlite:/srv/relay/mail.db
  whisker relay --store postgresql://relay@db.example/relay --workers 4
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0: any."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Port to listen at; 0: any that is free.",
)
@click.option(
    "--store",
    metavar="URL",
    help="sqlite:PATH or postgresql://...; else relay.db among your settings.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes; more than one only on PostgreSQL.",
)
@click.option(
    "--quota",
    type=click.IntRange(1, 1 << 20),
    metavar="MIB",
    default=256,
    show_default=True,
    help="What one mailbox may hold.",
)
@click.option(
    "--total",
    type=click.IntRange(1, 1 << 20),
    metavar="GIB",
    default=16,
    show_default=True,
    help="What all mailboxes together may hold.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=30,
    show_default=True,
    help="How long things are kept.",
)
@click.option(
    "--rate",
    type=click.IntRange(1, 1_000_000),
    default=50,
    show_default=True,
    help="Requests each second for one mailbox.",
)
@click.option("--metrics", is_flag=True, help="Give numbers for Prometheus at /metrics.")
@click.option("--log-addresses", is_flag=True, help="Log where requests come from.")
@click.option("--no-log", is_flag=True, help="Log no requests.")
@click.option(
    "--proxy",
    "proxies",
    metavar="IP",
    multiple=True,
    help="A proxy whose word counts for where a request comes from; may be repeated.",
)
@click.option("--restored", is_flag=True, help="Say that a backup of the store was put back.")
@shared_options
def command(
    host: str,
    port: int,
    store: str | None,
    workers: int,
    quota: int,
    total: int,
    days: int,
    rate: int,
    metrics: bool,
    log_addresses: bool,
    no_log: bool,
    proxies: tuple[str, ...],
    restored: bool,
) -> None:
    """
    Run a mailbox for people who are never online together.

    It keeps and passes on what it cannot read, until Ctrl-C or SIGTERM.
    """
    from whisker_sync.api.settings import user_home
    from whisker_sync.relay.limits import MIB, Limits
    from whisker_sync.relay.serve import Options, serve

    def ready(address: str, port: int) -> None:
        url = f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
        OUTPUT.data({"url": url})
        OUTPUT.say(f"Mailboxes are open at {url}. Stop with Ctrl-C.")

    limits = Limits(
        quota=quota * MIB,
        total=total << 30,
        days=days,
        requests=rate,
        burst=max(1000, 10 * rate),
    )
    options = Options(
        host=host,
        port=port,
        store=store or f"sqlite:{user_home() / 'relay.db'}",
        limits=limits,
        workers=workers,
        metrics=metrics,
        log_requests=not (no_log or OUTPUT.quiet),
        log_addresses=log_addresses,
        proxies=",".join(proxies),
        restored=restored,
    )
    serve(options, ready)
