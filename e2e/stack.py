"""A running installation, started as a black box by `cargo xtask dev`, and what tests do to it from outside."""

import contextlib
import csv
import io
import json
import os
import pathlib
import random
import selectors
import signal
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import tomllib

import requests

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
PORTS_TAKEN = 10  # from the base on
PORTS = os.environ.get("ONFILE_E2E_PORTS") or "20000-32000"
READY_SECONDS_MAX = 180
STOP_SECONDS_MAX = 60


class Stack:
    """Vault, server and sandbox, with the addresses and keys that `cargo xtask dev --json` prints."""

    def __init__(self, data: pathlib.Path, database: str, workers: int = 0):
        self.data = data
        self._errors = data.parent / f"{data.name}.stderr"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [
                    xtask(), "dev", "--json", "--no-build", "--dir", data,
                    "--port-base", str(free_port_base()), "--database", database, "--timeouts", "fast",
                    "--workers", str(workers),
                    *(["--release"] if binaries().name == "release" else []),
                ],
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=CHECKOUT,
            )
        try:
            ready = json.loads(self._first_line())
        except BaseException:
            self.stop()
            raise
        self.api: str = ready["api"]
        self.vault: str = ready["vault"]
        self.sandbox: str = ready["sandbox"]
        self.portal: str = ready["portal"]
        self.mail: str = ready["mail"]
        self.smtp: str = ready["smtp"]
        self.secret_key: str = ready["secret_key"]
        self.publishable_key: str = ready["publishable_key"]
        self.account: str = ready["account"]
        self.staff_link: str = ready["staff_link"]
        self.pids: dict[str, int] = ready["pids"]

    def _first_line(self) -> bytes:
        deadline = time.monotonic() + READY_SECONDS_MAX
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise TimeoutError(f"not ready within {READY_SECONDS_MAX} s:\n{self.errors()}")
                part = os.read(self._process.stdout.fileno(), 65536)
                if not part:
                    raise RuntimeError(f"`cargo xtask dev` ended before it was ready:\n{self.errors()}")
                line += part
        return line

    def errors(self) -> str:
        """What the supervisor said on its standard error so far."""
        return self._errors.read_text(errors="replace")

    def stop(self) -> int:
        """Interrupts the supervisor, which ends what it started; returns its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(STOP_SECONDS_MAX)
        finally:
            self._process.kill()
            self._process.stdout.close()

    close = stop

    def pid(self, name: str) -> int:
        """The process id of one of `processes` at this moment."""
        return int((self.data / "run" / f"{name}.pid").read_text())

    def processes(self) -> list[str]:
        """The names of all processes that the supervisor keeps running."""
        return sorted(path.stem for path in (self.data / "run").glob("*.pid"))

    def kill(self, name: str, sig: int = signal.SIGKILL) -> int:
        """Sends a signal to one process and returns its id."""
        pid = self.pid(name)
        os.kill(pid, sig)
        return pid

    @contextlib.contextmanager
    def paused(self, name: str):
        """A process that neither answers nor ends, for as long as the block lasts."""
        pid = self.kill(name, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def wait_for(self, name: str, seconds_max: float = 30) -> None:
        """Waits until one of `processes` says that it is ready; one that has no address, until it runs."""
        deadline = time.monotonic() + seconds_max
        while not self._is_ready(name):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} was not ready within {seconds_max} s:\n{self.errors()}")
            time.sleep(0.02)

    def wait_for_another(self, name: str, pid: int, seconds_max: float = 30) -> None:
        """Waits until a process with another id than this one has taken its place and is ready."""
        deadline = time.monotonic() + seconds_max
        while self._pid_or_none(name) in (None, pid):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} was not started again within {seconds_max} s:\n{self.errors()}")
            time.sleep(0.02)
        self.wait_for(name, deadline - time.monotonic())

    def _is_ready(self, name: str) -> bool:
        url = {"server": self.api, "vault": self.vault, "sandbox": self.sandbox}.get(name)
        try:
            if url:
                return requests.get(url + "/health", timeout=2).ok
            if name == "postgres":
                return self.rows("server", "SELECT 1") == [["1"]]
            pid = self._pid_or_none(name)
            return pid is not None and pathlib.Path(f"/proc/{pid}").exists()
        except (requests.RequestException, subprocess.SubprocessError):
            return False

    def _pid_or_none(self, name: str) -> int | None:
        """None while the file is just being written."""
        try:
            return self.pid(name)
        except (FileNotFoundError, ValueError):
            return None

    def log(self, name: str) -> str:
        """All that a process has logged."""
        return (self.data / "logs" / f"{name}.log").read_text(errors="replace")

    def operator(self, *arguments: str) -> dict:
        """Runs one of the server's own commands, and reads the JSON that it prints."""
        command = [binaries() / "onfile", *arguments, "--config", self.data / "server" / "onfile.toml", "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)

    def rows(self, name: str, query: str) -> list[list[str]]:
        """What a query of the server's or the vault's own database finds, read-only, as text; null is empty."""
        config = {"server": "server/onfile.toml", "vault": "vault/vault.toml"}[name]
        url = tomllib.loads((self.data / config).read_text())["database"]["url"]
        if url.startswith("sqlite:"):
            with contextlib.closing(sqlite3.connect(f"file:{url.removeprefix('sqlite:')}?mode=ro", uri=True)) as database:
                return [["" if value is None else str(value) for value in row] for row in database.execute(query)]
        command = ["psql", "--no-psqlrc", "--csv", "--tuples-only", "--dbname", url, "--command", query]
        output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
        return list(csv.reader(io.StringIO(output)))

    def faults(self, **plan) -> dict:
        """Sets the sandbox's fault plan; without arguments it behaves from here on."""
        return self._order("/faults", **plan)

    def advance(self, seconds: int) -> None:
        """Moves the clock of the sandbox's bank forward; what falls due meanwhile is done when this returns."""
        self._order("/clock", advance_seconds=seconds)

    def _order(self, path: str, **what) -> dict:
        credential = (self.data / "keys" / "link" / "sandbox.credential").read_text().strip()
        headers = {"Authorization": f"Bearer {credential}"}
        answer = requests.post(f"{self.sandbox}{path}", json=what, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def ledger(self) -> list[dict]:
        """Every line of the sandbox's ledger: what really happened to money."""
        answer = requests.get(f"{self.sandbox}/ledger", timeout=30)
        answer.raise_for_status()
        return [json.loads(line) for line in answer.text.splitlines() if line]


@contextlib.contextmanager
def installation(purpose: str, database: str, keep: str | None = None, workers: int = 0):
    """An installation in a folder of its own, which is removed afterwards unless it is in `keep` or something failed
    within the block.
    """
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{database}-{purpose}-", dir=keep))
    folder.chmod(0o711)  # PostgreSQL runs as a user of its own and has to reach its folder within
    kept = True
    try:
        with contextlib.closing(Stack(folder / "data", database, workers)) as stack:
            yield stack
            assert stack.stop() == 0, stack.errors()
        kept = keep
    except (KeyboardInterrupt, GeneratorExit):
        kept = keep
        raise
    finally:
        if not kept:
            shutil.rmtree(folder)


def xtask() -> pathlib.Path:
    """The program that starts installations."""
    return pathlib.Path(os.environ.get("ONFILE_E2E_XTASK") or binaries() / "xtask")


def binaries() -> pathlib.Path:
    """Where the built programs are."""
    return pathlib.Path(os.environ.get("ONFILE_E2E_BIN") or CHECKOUT / "target" / "debug")


def free_port_base() -> int:
    """The first of PORTS_TAKEN neighbouring ports that nobody has at this moment."""
    for _ in range(200):
        base = random.randrange(*map(int, PORTS.split("-")), PORTS_TAKEN)
        if all(is_free(port) for port in range(base, base + PORTS_TAKEN)):
            return base
    raise RuntimeError("no free ports")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
