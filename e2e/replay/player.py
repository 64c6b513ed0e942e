"""Plays cassettes against fresh accounts, and keeps what came of each exchange."""

import dataclasses

from replay.facts import Facts
from replay.going_on import go_on
from replay.judge import judge
from replay.names import Names
from replay.paths import operation
from replay.recordings import Exchange
from replay.reviewed import Reviewed, find
from replay.scope import judge_refusal, not_offered
from replay.shape import Difference
from replay.staging import Stage
from replay.wire import Answer, Client


@dataclasses.dataclass
class Result:
    """What came of one exchange."""

    exchange: Exchange
    operation: str
    answer: Answer
    not_offered: str | None = None
    """Why the request is outside of what Onfile offers."""
    faults: list[Difference] = dataclasses.field(default_factory=list)
    """What differs and is not reviewed."""
    excepted: list[Reviewed] = dataclasses.field(default_factory=list)
    """The exceptions that applied."""
    of_version: list[Difference] = dataclasses.field(default_factory=list)
    told: list[Difference] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)
    """What could not be made beforehand."""
    left_out: list[str] = dataclasses.field(default_factory=list)
    """What the request was sent again without, where that was wanted."""
    follows: int | None = None
    """The number of the exchange whose answer lacked an id that this request names."""

    @property
    def passed(self) -> bool:
        return not self.faults

    @property
    def first_difference(self) -> str:
        if self.passed:
            return ""
        cause = f" (an id is missing since #{self.follows})" if self.follows is not None else ""
        return "; ".join([*self.problems, str(self.faults[0])]) + cause


class Player:
    """Plays one cassette, in order, as one account."""

    def __init__(self, client: Client, facts: Facts, going_on: bool = False):
        self._client, self._going_on = client, going_on
        self._names = Names()
        self._stage = Stage(client, facts, self._names)
        self._results: list[Result] = []

    def play(self, cassette: list[Exchange]) -> list[Result]:
        for exchange in cassette:
            self._results.append(self._play(exchange))
        return self._results

    def _play(self, exchange: Exchange) -> Result:
        reason = not_offered(exchange)
        problems = [] if reason or exchange.status == 401 else self._stage.prepare(exchange)
        follows = self._names.lost_by(exchange)
        if reason is None and follows is not None and self._results[follows].not_offered:
            reason = f"follows #{follows}: what that would have made is not there"
        answer = self._client.replay(exchange, self._names)
        result = Result(exchange, operation(exchange)[0], answer, reason, problems=problems, follows=follows)
        if reason:
            result.faults = judge_refusal(reason, answer)
        else:
            _judge(result, answer)
            if self._going_on:
                answer, result.left_out = go_on(exchange, self._names, self._client, answer)
                if result.left_out:
                    _judge(result, answer)
        self._names.learn(exchange, answer.body)
        return result


def _judge(result: Result, answer: Answer) -> None:
    compared = judge(result.exchange, answer)
    result.of_version, result.told = compared.of_version, compared.told
    for difference in compared.faults:
        exception = find(difference)
        if exception:
            result.excepted.append(exception)
        else:
            result.faults.append(difference)
