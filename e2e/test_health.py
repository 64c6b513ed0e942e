"""Every process says that it is ready, and a process that dies comes back."""

import os

import pytest
import requests


@pytest.mark.parametrize("name", ["api", "vault", "sandbox"])
def test_each_process_is_ready(stack, name):
    answer = requests.get(f"{getattr(stack, name)}/health", timeout=5)
    assert (answer.status_code, answer.content) == (204, b"")


def test_pages_and_vault_are_different_sites(stack):
    assert stack.api.startswith("http://localhost:")
    assert stack.vault.startswith("http://127.0.0.1:")


def test_our_keys_are_recognised_for_test_keys(stack):
    assert stack.secret_key.startswith("sk_test_")
    assert stack.publishable_key.startswith("pk_test_")


def test_keys_are_closed_to_others_and_apart_from_the_databases(stack):
    for path in [stack.data / "keys", *(stack.data / "keys").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert not list((stack.data / "keys").rglob("*.db*"))


@pytest.mark.parametrize("name", ["server", "vault", "sandbox"])
def test_a_killed_process_is_back_under_a_new_id(stack, name):
    killed = stack.kill(name)
    stack.wait_for(name)
    assert stack.pid(name) != killed
    os.kill(stack.pid(name), 0)
