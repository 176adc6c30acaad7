"""
Keeps every packet that passes the network interfaces of the namespace it is started in.

    python -m tests.lan.sniffer FILE

Says so when it listens, and runs until it is ended.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

ALL_PROTOCOLS = 0x0003  # ETH_P_ALL of Linux


def main(path: str) -> None:
    """Write all that passes to a file."""
    listening = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
    with Path(path).open("wb", buffering=0) as file:
        print("listening", flush=True)
        while True:
            file.write(listening.recv(1 << 17))


if __name__ == "__main__":
    main(sys.argv[1])
