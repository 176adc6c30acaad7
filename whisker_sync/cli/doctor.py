"""``whisker doctor``: why devices do not meet, and what may go wrong soon."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import here, shared_options
from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.daemon.doctor import Finding

PORT = 4712
"""Where ``doctor --listen`` listens unless told otherwise, and where ``doctor HOST`` calls."""

EXAMPLES = """\b
Examples:
  whisker doctor
  whisker doctor --listen          (on one machine)
  whisker doctor 192.168.1.20      (on the other)
"""


@click.command(epilog=EXAMPLES)
@click.argument("host", required=False)
@click.option("--listen", is_flag=True, help="Wait for another machine's whisker doctor.")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, help=f"Which port. [{PORT}]")
@click.option("--timeout", type=click.FloatRange(min=1), default=300.0, help="Seconds to wait.")
@shared_options
def command(host: str | None, listen: bool, port: int, timeout: float) -> int:
    """Find out why devices do not meet; with two machines, whether their network lets them."""
    if host is not None and listen:
        raise click.UsageError("either --listen or a HOST: one machine listens, the other calls")
    findings = asyncio.run(_findings(host, listen=listen, port=port, seconds=timeout))
    OUTPUT.data(
        {
            "findings": [
                {
                    "check": each.check,
                    "grade": each.grade.value,
                    "sentence": each.sentence,
                    "remedy": each.remedy or None,
                }
                for each in findings
            ]
        }
    )
    for each in findings:
        remedy = f" Try: {each.remedy}." if each.remedy else ""
        OUTPUT.give(f"{each.grade.value + ':':9}{each.sentence}.{remedy}")
    wrong = any(each.grade.value == "wrong" for each in findings)
    return exits.FINDINGS if wrong else exits.OK


async def _findings(host: str | None, *, listen: bool, port: int, seconds: float) -> list[Finding]:
    from importlib.metadata import version

    from whisker_sync.api import meeting
    from whisker_sync.api.settings import user_home
    from whisker_sync.daemon import doctor
    from whisker_sync.errors import CannotConnect

    ours = version("whisker-sync")
    if listen:
        try:
            who, met = await meeting.listen(port, ours, _invite, seconds)
        except TimeoutError:
            return [_nobody_called()]
        return doctor.judge(met, ours, who)
    if host is not None:
        try:
            return doctor.judge(await meeting.call(host, port, ours), ours, host)
        except CannotConnect:
            return [_no_answer(host, port)]
    return await doctor.examine(here(), user_home())


def _invite(port: int) -> None:
    from whisker_sync.api.meeting import interfaces

    OUTPUT.say("Type this on the other machine:")
    for each in interfaces():
        OUTPUT.say(f"  whisker doctor {each.address}{'' if port == PORT else f' --port {port}'}")


def _nobody_called() -> Finding:
    from whisker_sync.daemon.doctor import Finding, Grade

    return Finding(
        "call",
        Grade.WRONG,
        "nobody called: this network keeps machines apart, or a firewall here stops them",
        "allow whisker in the firewall, use a phone's hotspot, a relay, or a bundle",
    )


def _no_answer(host: str, port: int) -> Finding:
    from whisker_sync.daemon.doctor import Finding, Grade

    return Finding(
        "call",
        Grade.WRONG,
        f"nothing answers at {host}, port {port}: no whisker doctor --listen runs there, this "
        "network keeps machines apart, or a firewall there stops calls",
        "see that it runs there; then allow whisker in its firewall, use a phone's hotspot, a "
        "relay, or a bundle",
    )
