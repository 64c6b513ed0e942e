"""A merchant's server: pays with stripe-python, retries as it does, and remembers when it asked and what it was told."""

import concurrent.futures
import dataclasses
import threading
import time

import requests
import stripe
import urllib3

AGAIN_AT_ONCE = 16
CONNECTIONS_MAX = 128
EXPIRY = {"card[exp_month]": "12", "card[exp_year]": "2034"}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One HTTP request: what the SDK sends again is another one under the same key."""

    key: str
    began: int
    ended: int
    status: int | None
    """None when there was no answer."""


class LeanSession:
    """What the SDK asks of a `requests.Session`, straight over the pool beneath it. Preparing requests took a fifth of
    the machine of a long proof.
    """

    def __init__(self):
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS_MAX, retries=False)

    def request(self, method, url, headers, data, timeout, **_):
        try:
            answer = self._pool.request(method, url, body=data, headers=headers, timeout=timeout)
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(error) from error
        return LeanAnswer(answer.data, answer.status, answer.headers)


@dataclasses.dataclass(frozen=True)
class LeanAnswer:
    """What the SDK reads of a `requests.Response`."""

    content: bytes
    status_code: int
    headers: dict


class RecordingClient(stripe.RequestsClient):
    """The SDK's own HTTP client, with a record of every request that carried an idempotency key."""

    def __init__(self, **options):
        super().__init__(session=LeanSession(), **options)
        self.attempts: list[Attempt] = []  # appending is atomic

    def request(self, method, url, headers, post_data=None):
        began, status = now_ms(), None
        try:
            answer = super().request(method, url, headers, post_data)
            status = answer[1]
            return answer
        finally:
            key = (headers or {}).get("Idempotency-Key", "")
            if key and method.lower() == "post":
                self.attempts.append(Attempt(key, began, now_ms(), status))


@dataclasses.dataclass
class Told:
    """What the merchant heard last about one request."""

    answer: object = None
    declined: str | None = None


class Shop:
    """Sends requests, each with its own idempotency key; what stays without an answer is asked again later."""

    def __init__(self, stack, network_retries: int, timeout: float = 20):
        self.http = RecordingClient(timeout=timeout)
        self.client = stripe.StripeClient(
            stack.secret_key, base_addresses={"api": stack.api}, http_client=self.http, max_network_retries=network_retries
        )
        self._vault, self._publishable_key = stack.vault, stack.publishable_key
        self._lock = threading.Lock()
        self.told: dict[str, Told] = {}
        self.unanswered: dict[str, tuple] = {}
        self.refused: dict[str, str] = {}
        """What was answered as a mistake of the merchant's, the code first."""

    def ask(self, key: str, function, *arguments, **options) -> Told | None:
        """Calls a function of the SDK under a key. None when even its retries brought no answer, or it was refused."""
        told = Told()
        try:
            told.answer = function(*arguments, options={"idempotency_key": key, **options})
        except stripe.CardError as error:
            told.declined = error.error.decline_code
            told.answer = error.error.payment_intent
        except (stripe.APIConnectionError, stripe.APIError):
            with self._lock:
                self.unanswered[key] = (function, *arguments)
            return None
        except stripe.StripeError as error:
            with self._lock:
                self.refused[key] = f"{error.code}: {error}"
                self.unanswered.pop(key, None)
            return None
        with self._lock:
            self.told[key] = told
            self.unanswered.pop(key, None)
        return told

    def ask_again(self, seconds_max: float) -> None:
        """Asks everything that has no answer yet, with the same keys, until all is answered."""
        deadline = time.monotonic() + seconds_max
        again = lambda item: self.ask(item[0], *item[1], max_network_retries=0)
        with concurrent.futures.ThreadPoolExecutor(AGAIN_AT_ONCE) as pool:
            while self.unanswered:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"no answer within {seconds_max} s: {sorted(self.unanswered)}")
                list(pool.map(again, list(self.unanswered.items())))
                time.sleep(0.5)

    def typed_card(self, number: str, **fields) -> str:
        """What a browser does: sends a card with its security code to the vault, again until it is taken."""
        form = {"type": "card", "card[number]": number, "card[cvc]": "737", **EXPIRY, **fields}
        return post_to_vault(self._vault, self._publishable_key, "/v1/payment_methods", form)["id"]


def post_to_vault(vault: str, key: str, path: str, form: dict, seconds_max: float = 20) -> dict:
    """Posts a form to the vault with a publishable key; a vault that is just being restarted is asked again."""
    deadline = time.monotonic() + seconds_max
    while True:
        try:
            answer = requests.post(vault + path, data=form, headers={"Authorization": f"Bearer {key}"}, timeout=10)
            if answer.status_code < 500:
                assert answer.status_code == 200, answer.text
                return answer.json()
        except requests.ConnectionError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"the vault did not take {path} within {seconds_max} s")
        time.sleep(0.05)


def all_of(service, **parameters) -> list[dict]:
    """A whole list of the API, page after page, as plain dicts."""
    return [item.to_dict() for item in service.list({"limit": 100, **parameters}).auto_paging_iter()]
