"""stripe-node, unchanged but for its address: scenarios in TypeScript, checked against the SDK's own types."""

import os
import pathlib
import shutil
import subprocess

import pytest

from stack import CHECKOUT

SOURCES = CHECKOUT / "e2e" / "node"
SCENARIOS = sorted(path.stem for path in (SOURCES / "src" / "scenarios").glob("*.ts"))
SECONDS_MAX = 300
# An installation's addresses say `localhost`, which is IPv4; older versions of Node would try IPv6 alone.
NODE = ["node", "--enable-source-maps", "--dns-result-order=ipv4first"]


def run(command: list, folder: pathlib.Path, **environment) -> str:
    """What a program says; its failure is told in its own words."""
    done = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **environment}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    try:
        said, _ = done.communicate(timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        done.kill()
        said, _ = done.communicate()
        pytest.fail(f"not done within {SECONDS_MAX} s:\n{said}", pytrace=False)
    if done.returncode != 0:
        pytest.fail(f"{said}\nexit status {done.returncode}", pytrace=False)
    return said


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """The folder of the compiled scenarios; what does not agree with the SDK's types fails here."""
    made = pathlib.Path(os.environ.get("ONFILE_E2E_NODE") or CHECKOUT / "target" / "e2e-node")
    assert (made / "node_modules").is_dir(), f"no SDK in {made}: `cargo xtask test --only e2e-sqlite` installs it"
    folder = tmp_path_factory.mktemp("node") / "scenarios"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("node_modules", "out"))
    (folder / "node_modules").symlink_to(made / "node_modules")
    run(["node", "node_modules/.bin/tsc", "--pretty", "false"], folder)
    return folder / "out" / "scenarios"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_stripe_node_is_answered_as_its_types_say(scenario, programs, stack):
    said = run(
        [*NODE, f"{scenario}.js"], programs,
        ONFILE_API=stack.api, ONFILE_SANDBOX=stack.sandbox,
        ONFILE_SECRET_KEY=stack.secret_key, ONFILE_PUBLISHABLE_KEY=stack.publishable_key,
    )
    assert any(line.startswith("ok: ") for line in said.splitlines()), said
