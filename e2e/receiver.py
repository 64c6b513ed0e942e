"""A merchant's own server: keeps what it is sent, and answers as it is told."""

import http.server
import queue
import threading
import time

import stripe

SECONDS_MAX = 60


def verified(request, secret):
    """The event, if the signature is right."""
    headers, body = request
    return stripe.Webhook.construct_event(body, headers["stripe-signature"], secret)


class Receiver:
    """A real HTTP server on a port of its own."""

    def __init__(self):
        self.requests = []  # (headers, body), in the order of arrival; appending is atomic
        self._answers = queue.SimpleQueue()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.requests.append((dict(self.headers.items()), body))
                receiver._answer(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def will_answer(self, *answers) -> None:
        """What is answered next: a status each, or a function of the request's handler."""
        for answer in answers:
            self._answers.put(answer)

    def _answer(self, handler) -> None:
        try:
            answer = self._answers.get_nowait()
        except queue.Empty:
            answer = 200
        if callable(answer):
            answer(handler)
        else:
            handler.send_response(answer)
            handler.send_header("content-length", "0")
            handler.end_headers()

    def wait_for(self, enough) -> list:
        """Waits until what was received is enough; returns it."""
        deadline = time.monotonic() + SECONDS_MAX
        while time.monotonic() < deadline:
            received = list(self.requests)
            if enough(received):
                return received
            time.sleep(0.02)
        raise TimeoutError(f"within {SECONDS_MAX} s only {[body[:200] for _, body in self.requests]}")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
