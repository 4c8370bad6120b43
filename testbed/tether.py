"""Become another program, which the kernel ends when its parent ends.

A script of its own, because what runs between fork and exec of a program with threads must not
take locks. Its arguments: the process id of the parent, and the command.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Set the parent death signal, and become the command."""
    parent, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have ended before the signal was set.
    if os.getppid() != int(parent):
        raise SystemExit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
