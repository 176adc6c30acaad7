"""
Exit codes, and which problem ends with which. Scripts rely on them.
"""

from __future__ import annotations

OK = 0
FAILED = 1
USAGE = 2
FINDINGS = 3
NOT_A_WORKSPACE = 4
NOT_RUNNING = 5
OFFLINE = 75
"""As in sysexits: try again later."""
INTERRUPTED = 130


def code_of(problem: Exception) -> int:
    """The exit code of a problem."""
    from whisker_sync import errors

    match problem:
        case errors.NotAWorkspace():
            return NOT_A_WORKSPACE
        case errors.DaemonNotRunning():
            return NOT_RUNNING
        case errors.CannotConnect() | errors.NobodyInvites():
            return OFFLINE
        case errors.UnknownWord() | errors.WrongRecovery():
            return USAGE
        case errors.BadSettings() | errors.InvitationError() | errors.UnsafePath():
            return USAGE
        case _:
            return int(getattr(problem, "code", FAILED))
