"""Adds results up: rates, a table by operation, and one line for each failure."""

import collections

from replay.player import Result


def rate(results: list[Result]) -> dict:
    """How many of the offered ones are answered as recorded."""
    offered = [each for each in results if not each.not_offered]
    passed = sum(each.passed for each in offered)
    refused = [each for each in results if each.not_offered]
    return {
        "passed": passed, "of": len(offered), "percent": round(100 * passed / len(offered), 1) if offered else 100.0,
        "not_offered": len(refused), "refused_properly": sum(each.passed for each in refused),
    }


def report(results: list[Result]) -> dict:
    by_operation = collections.defaultdict(list)
    for each in results:
        by_operation[each.operation].append(each)
    return {
        "all": rate(results),
        "basil_or_later": rate([each for each in results if each.exchange.is_current]),
        "older": rate([each for each in results if not each.exchange.is_current]),
        "operations": [
            {"operation": name, **rate(found), "basil_or_later": rate([each for each in found if each.exchange.is_current])}
            for name, found in sorted(by_operation.items(), key=lambda each: each[0].split(" ")[::-1])
        ],
        "not_offered": _counted([(each.operation, each.not_offered) for each in results if each.not_offered]),
        "failures": [
            {
                "exchange": str(each.exchange), "operation": each.operation, "version": each.exchange.version,
                "first_difference": each.first_difference, "not_offered": each.not_offered, "follows": each.follows,
                "problems": each.problems, "answer": str(each.answer)[:300], "left_out": each.left_out,
                "differences": [str(difference) for difference in each.faults],
            }
            for each in results if not each.passed
        ],
        "told": _counted([(each.operation, str(difference)) for each in results for difference in each.told]),
        "of_version": _counted([(each.operation, str(difference)) for each in results for difference in each.of_version]),
        "reviewed": _counted([(each.operation, f"{exception.kind} {exception.about}: {exception.reason}") for each in results for exception in each.excepted]),
    }


def _counted(found: list[tuple[str, str]]) -> list[dict]:
    counts = collections.Counter(found)
    return [{"operation": name, "difference": told, "times": times} for (name, told), times in counts.most_common()]


def text(told: dict) -> str:
    """The report for people."""
    lines = [
        f"{name.replace('_', ' ')}: {each['passed']} of {each['of']} ({each['percent']} %); "
        f"not offered: {each['not_offered']}, {each['refused_properly']} of them refused properly"
        for name, each in ((name, told[name]) for name in ("basil_or_later", "older", "all"))
    ]
    lines += ["", f"{'operation':58} passed    basil or later"]
    for each in told["operations"]:
        current, other = each["basil_or_later"], f"  {each['not_offered']} not offered" if each["not_offered"] else ""
        lines.append(f"{each['operation']:58} {each['passed']:3}/{each['of']:<5} {current['passed']:3}/{current['of']:<3}{other}")
    lines += ["", "not offered:"]
    lines += [f"{each['times']:3} {each['operation']}: {each['difference']}" for each in told["not_offered"]]
    lines += ["", "failures, the first difference of each:"]
    lines += [f"{each['exchange']} {each['version']} {each['operation']}: {each['first_difference']}" for each in told["failures"]]
    return "\n".join(lines)
