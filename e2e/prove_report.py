"""What a proof found, for a person: some lines for one seed, a page for all of them."""

import dataclasses

from proof import CLIENTS, FAULTS, LATENCY, Outcome

ERRORS = ("double", "lost", "phantom", "drift", "stuck")


def in_words(outcome: Outcome, database: str) -> str:
    """What was tried with one seed, and what came of it."""
    kills = ", ".join(f"{name} {count} times" for name, count in sorted(outcome.kills.items()))
    lines = [
        f"seed {outcome.plan.seed} on {database}: {outcome.orders} orders ({outcome.charges} charges), {outcome.requests} "
        f"requests, {outcome.unanswered} without an answer, {outcome.looked_up} outcomes looked up, "
        f"{outcome.held_back} held back by the networks' limits",
        f"  killed {kills}; {outcome.undisturbed_seconds:.0f} s of undisturbed work in between",
    ]
    lines += [f"  {died}" for died in deaths(outcome)]
    lines += [
        f"  {outcome.debts} declined debts: {asked(outcome)}; {outcome.presses_refused} further presses refused",
        f"  {outcome.report.counts()} after {outcome.disturbed_seconds:.0f} s of faults, {outcome.seconds:.0f} s in all",
    ]
    return "\n".join(lines)


def deaths(outcome: Outcome) -> list[str]:
    """What each process interrupted when it died."""
    stages = lambda found: ", ".join(f"{count} {stage}" for stage, count in sorted(found.items()))
    return [f"{victim} died with operations in the air: {stages(found)}" for victim, found in outcome.caught.items()]


def asked(outcome: Outcome) -> str:
    """How often the debts reached the processor."""
    return ", ".join(f"{count} asked {times} times" for times, count in outcome.debts_asked.items())


def as_data(outcome: Outcome, database: str) -> dict:
    """The same for a program."""
    data = {**dataclasses.asdict(outcome), **outcome.report.counts(), "database": database}
    del data["report"]
    return data


@dataclasses.dataclass
class Setting:
    """On what, and of what, the proof was made."""

    date: str
    commit: str
    machine: str
    profile: str
    command: str


def page(setting: Setting, outcomes: list[tuple[str, Outcome]], failures: list[str]) -> str:
    """The whole report, in Markdown; outcomes with the name of their database."""
    plan = outcomes[0][1].plan if outcomes else None
    parts = ["# Proof\n", _verdict(outcomes, failures), f"- {setting.date}, commit {setting.commit}, {setting.profile} build",
             f"- {setting.machine}", f"- `{setting.command}`\n"]
    if plan:
        parts += [_what_was_done(plan), _table(outcomes), _interrupted(outcomes), _debts(outcomes)]
    if failures:
        parts += ["## What is wrong\n", *(f"- {failure}" for failure in failures), ""]
    parts += ["## One seed again\n", _again(outcomes)]
    return "\n".join(parts)


def _verdict(outcomes, failures) -> str:
    charges = sum(outcome.charges for _, outcome in outcomes)
    kills = sum(sum(outcome.kills.values()) for _, outcome in outcomes)
    tried = f"{charges:,} charges, {kills:,} processes killed"
    return f"**{tried}: {f'wrong: {len(failures)}' if failures else 'nothing is wrong'}.**\n"


def _what_was_done(plan) -> str:
    share = lambda name: f"{FAULTS[name] * 100:.0f} %"
    return f"""## What was done to it

Each seed had an installation of its own. {CLIENTS} clients made at least {plan.orders:,} orders with stripe-python: cards saved,
typed in and refused, captured later and in part, given back; debits that settle, come back unpaid, or are taken back
after they had settled. Meanwhile, about every two seconds, a process was killed (SIGKILL; PostgreSQL's
postmaster also by SIGQUIT, its immediate shut-down; with SQLite the database dies with its process), until there were at least
{plan.undisturbed_seconds:.0f} s in which everything was up and at work. Of the processor's answers {share("charge_then_drop")} were
lost after the work was done, {share("charge_then_500")} became an error after the work was done, and {share("drop_then_nothing")} of the requests
were lost before; the rest took {LATENCY["p50"]} ms (median) to {LATENCY["p99"]} ms (99th percentile). {plan.debts:,} debts (payments and invoices) with
a refused card were pressed for, without the customer, until that was refused three times over.

Afterwards the processor's own ledger was compared with what the API says, order by order:

- *double*: money taken more than once; *lost*: the processor did something that the API does not know
- *phantom*: the API says what never happened; *drift*: both know of it, and not the same; *stuck*: still not known
"""


def _table(outcomes) -> str:
    victims = sorted({victim for _, outcome in outcomes for victim in outcome.kills})
    head = ["database", "seed", "orders", "charges", *(f"{victim} killed" for victim in victims), "no answer", "looked up",
            "undisturbed s", *ERRORS, "in all s"]
    rows = [head, ["---", *["---:"] * (len(head) - 1)]]
    for database, outcome in outcomes:
        counts = outcome.report.counts()
        rows.append([
            database, outcome.plan.seed, outcome.orders, outcome.charges, *(outcome.kills.get(victim, 0) for victim in victims),
            outcome.unanswered, outcome.looked_up, f"{outcome.undisturbed_seconds:.0f}", *(counts[error] for error in ERRORS),
            f"{outcome.seconds:.0f}",
        ])
    lines = ("| " + " | ".join(map(str, row)) + " |" for row in rows)
    words = "*No answer*: the merchant's requests that broke off. *Looked up*: operations whose outcome nobody knew at first.\n"
    return "## Seed by seed\n\n" + "\n".join(lines) + "\n\n" + words


def _interrupted(outcomes) -> str:
    lines = [f"- {database}, seed {outcome.plan.seed}: {'; '.join(deaths(outcome))}" for database, outcome in outcomes]
    return "## What the deaths interrupted\n\n" + "\n".join(lines) + "\n"


def _debts(outcomes) -> str:
    lines = [
        f"- {database}, seed {outcome.plan.seed}: {outcome.debts} debts; {asked(outcome)}; {outcome.presses_refused} presses refused"
        for database, outcome in outcomes
    ]
    words = "By the processor's own ledger; more than three is wrong. One that was lost on its way counts without having arrived.\n\n"
    return "## How often a declined debt reached the processor\n\n" + words + "\n".join(lines) + "\n"


def _again(outcomes) -> str:
    if not outcomes:
        return "Nothing came to its end.\n"
    database, plan = outcomes[0][0], outcomes[0][1].plan
    command = f"cargo xtask prove --seeds 1 --first-seed {plan.seed} --database {database}"
    sizes = f"--charges {plan.orders} --debts {plan.debts} --undisturbed {plan.undisturbed_seconds:.0f}"
    return f"""    {command} {sizes} --report /tmp/proof.md

The same seed makes the same orders, draws the same faults and chooses the same moments and victims. What meets what is up
to the machine, so a failure may take several tries; the folder of an installation that failed is kept and named.
"""
