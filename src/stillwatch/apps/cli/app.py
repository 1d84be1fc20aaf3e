"""The command ``stillwatch``: which commands there are, and what becomes of errors.

Commands are imported when they are called, so that help and version start fast. Data goes to stdout, talk to stderr.
Exit codes are those of :class:`stillwatch.errors.ExitCode`, documented in ``docs/reference/exit-codes.md``.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType

from cyclopts import App, CycloptsError, UnknownCommandError

from stillwatch import __version__
from stillwatch._internal.text import terminal_safe
from stillwatch.errors import ExitCode, StillwatchError

app = App(
    name="stillwatch",
    help="Finds, stops and proves the copying of AI models through their APIs.",
    version=f"stillwatch {__version__}",
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
app.command(
    "stillwatch.apps.cli.hunt:hunt_command", name="hunt", help="Find the distillation campaigns in a request log."
)
app.command(
    "stillwatch.apps.cli.ingest:ingest_command", name="ingest", help="Bring logs of other formats into the contract's."
)
app.command("stillwatch.apps.cli.watch:watch_command", name="watch", help="Follow a log as it happens.")
app.command("stillwatch.apps.cli.explain:explain_command", name="explain", help="Say why an account got its verdict.")
app.command("stillwatch.apps.cli.demo:demo_command", name="demo", help="See the whole of it without a log of your own.")
app.command("stillwatch.apps.cli.doctor:doctor_command", name="doctor", help="Check that this machine can run a hunt.")

campaigns = App(
    name="campaigns", help="Look at the campaigns of a run, or hand them to other tools.", help_format="plaintext"
)
campaigns.command("stillwatch.apps.cli.campaigns:list_command", name="list", help="List the campaigns of a run.")
campaigns.command("stillwatch.apps.cli.campaigns:show_command", name="show", help="Show one campaign.")
campaigns.command(
    "stillwatch.apps.cli.campaigns:export_command", name="export", help="Write campaigns for other tools."
)
app.command(campaigns)

lab = App(name="lab", help="Made-up traffic with known truth, and detectors measured on it.", help_format="plaintext")
lab.command(
    "stillwatch.apps.cli.lab:simulate_command", name="simulate", help="Make the log of a scenario, with known truth."
)
lab.command("stillwatch.apps.cli.lab_bench:bench_command", name="bench", help="Measure detectors on simulated worlds.")
lab.command(
    "stillwatch.apps.cli.lab_bench:score_command", name="score", help="Score any detector's output against the truth."
)
lab.command(
    "stillwatch.apps.cli.lab_bench:sweep_command", name="sweep", help="Turn one knob of an attacker, and measure."
)
lab.command(
    "stillwatch.apps.cli.lab_bench:evade_command",
    name="evade",
    help="Search the cheapest harvest that goes undetected.",
)
lab.command(
    "stillwatch.apps.cli.lab_providers:providers_command",
    name="providers",
    help="Run one campaign against several providers, with and without sharing.",
)
lab.command(
    "stillwatch.apps.cli.lab_providers:people_command",
    name="people",
    help="Measure on real people of public IRC logs.",
)
app.command(lab)


def _say(text: str) -> None:
    sys.stderr.write("".join(terminal_safe(line) + "\n" for line in text.splitlines()))


def _terminated(_number: int, _frame: FrameType | None) -> None:
    """A polite kill ends like Ctrl-C, so that what is half done is cleaned up."""
    raise KeyboardInterrupt


def _usage(error: CycloptsError) -> int:
    """Tell what was wrong with the call, and where help is."""
    if isinstance(error, UnknownCommandError):  # its own text would import every command to list them
        words = list(error.unused_tokens or [])
        _say(f"stillwatch: unknown command {words[0] if words else ''}")
        _say("  See the commands with: stillwatch --help")
    else:
        _say(f"stillwatch: {error}")
        _say(f"  See: {' '.join(['stillwatch', *(error.command_chain or ())])} --help")
    return int(ExitCode.USAGE)


def _code(returned: object) -> int:
    if isinstance(returned, int) and not isinstance(returned, bool):
        return int(returned)
    return int(ExitCode.DONE)


def run(tokens: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        tokens: Words after ``stillwatch``; those of the process where left out.

    Returns:
        The exit code; never raises.
    """
    try:
        returned = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
        return _code(returned)
    except CycloptsError as error:
        return _usage(error)
    except StillwatchError as error:
        _say(f"stillwatch: {error}")
        return int(error.exit_code)
    except KeyboardInterrupt:
        _say("stillwatch: interrupted; nothing half-written was left")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.DONE)
    except Exception:  # noqa: BLE001 - the last line of defence: a bug, told as such
        _say(traceback.format_exc())
        _say("stillwatch: this is a bug in Stillwatch; please report the lines above.")
        return int(ExitCode.FAILED)


def main() -> None:
    """Entry point of the ``stillwatch`` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run())
