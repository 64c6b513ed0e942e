"""Stands between clients and a port, and keeps every byte that clients sent."""

import contextlib
import socket
import threading

CHUNK = 65536


class Recorder:
    """A TCP relay on a port of its own. What it relays it understands nothing of, so that nothing can escape it."""

    def __init__(self, port: int):
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._received = []  # appending is atomic
        threading.Thread(target=self._accept, daemon=True).start()

    def received(self) -> list[bytes]:
        """Everything so far, each connection by itself."""
        return [b"".join(parts) for parts in self._received]

    def close(self) -> None:
        # Closing alone does not wake a thread that waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            parts = []
            self._received.append(parts)
            threading.Thread(target=_relay, args=(client, server, parts.append), daemon=True).start()


def _relay(client: socket.socket, server: socket.socket, keep) -> None:
    """One connection, until both directions have ended."""
    with client, server:
        back = threading.Thread(target=_pump, args=(server, client, lambda _: None), daemon=True)
        back.start()
        _pump(client, server, keep)
        back.join()


def _pump(source: socket.socket, sink: socket.socket, keep) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            keep(data)
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
