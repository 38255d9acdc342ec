"""The report of a run: Markdown for people who sign, JUnit XML for machines."""

import platform
import time
from xml.etree import ElementTree

REQUIREMENTS = {
    "Requirement 1": "Option A: the Responsible Supplier sees, on the audit-trail screen, the title of every SRV sent by any "
    "User to a Device it owns, and that Service Responses came back.",
    "Requirement 2": "Option B adds: so does a Network Operator, for a Device it holds a certificate on.",
    "Out of scope": "Device Alerts, and the payload of any request or response, stay invisible to others.",
    "Reports": "Reports made from audit-trail data keep the old rule.",
    "Other roles unchanged": "Other roles, and everybody while no option is in force, keep today's view.",
}


def _cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def verdict(checks):
    return "passed" if checks and all(check.passed for check in checks) else "FAILED"


def markdown(runs, version, broker, seconds):
    """`runs`: list of (scenario, checks)."""
    everything = [check for _, checks in runs for check in checks]
    lines = [
        "# System-integration test report: SECMP0141 Service Audit Trail",
        "",
        "| | |",
        "|---|---|",
        f"| Result | **{verdict(everything)}** |",
        f"| Checks | {len(everything)}, {sum(c.passed for c in everything)} passed, "
        f"{sum(not c.passed for c in everything)} failed |",
        f"| Date | {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, {seconds:.0f} s |",
        f"| System under test | {_cell(version)} |",
        f"| Broker | {_cell(broker)} |",
        f"| Host | {platform.system()} {platform.machine()} |",
        f"| Scenarios | {', '.join(scenario.title for scenario, _ in runs)} |",
        "",
        "## By requirement",
        "",
        "| Requirement | What it asks | "
        + " | ".join(scenario.smets for scenario, _ in runs)
        + " |",
        "|---|---|" + "---|" * len(runs),
    ]
    names = list(dict.fromkeys([*REQUIREMENTS, *(check.requirement for check in everything)]))
    for name in names:
        cells = []
        for _, checks in runs:
            mine = [check for check in checks if check.requirement == name]
            cells.append(
                f"{verdict(mine)} ({sum(c.passed for c in mine)} of {len(mine)})"
                if mine
                else "not covered"
            )
        lines.append(f"| {name} | {REQUIREMENTS.get(name, '')} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "In every answer of every check it was also looked for the payload of the scenario's records, and every title "
        "was compared with the catalogue.",
    ]
    for scenario, checks in runs:
        lines += ["", f"## {scenario.title}"]
        for case in scenario.cases:
            lines += _case(case, [check for check in checks if check.case == case.number])
    lines += [
        "",
        "## Sign-off",
        "",
        "| Role | Name | Date | Signature |",
        "|---|---|---|---|",
        "| Tester | | | |",
        "| Test manager | | | |",
        "| For the DCC | | | |",
        "",
    ]
    return "\n".join(lines)


def _case(case, checks):
    lines = ["", f"### {case.number} {case.title}", "", f"{case.requirement}: {verdict(checks)}"]
    for kind, rows in case.steps:
        if kind == "expect" or not rows:
            continue
        names = list(rows[0])
        lines += [
            "",
            f"{kind.capitalize()}:",
            "",
            "| " + " | ".join(names) + " |",
            "|" + "---|" * len(names),
        ]
        lines += ["| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in rows]
    lines += [
        "",
        "| Option | Who | Looks at | Rows expected | Rows seen | Verdict |",
        "|---|---|---|---|---|---|",
    ]
    for check in checks:
        word = "passed" if check.passed else "**FAILED** " + "; ".join(check.notes)
        lines.append(
            f"| {check.option} | {check.who} | {check.looks_at} | {_cell(check.expected)} | {_cell(check.seen)} "
            f"| {_cell(word)} |"
        )
    return lines


def junit(runs, seconds):
    root = ElementTree.Element("testsuites", time=f"{seconds:.3f}")
    for scenario, checks in runs:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=scenario.title,
            tests=str(len(checks)),
            failures=str(sum(not check.passed for check in checks)),
            errors="0",
            skipped="0",
        )
        for number, check in enumerate(checks, 1):
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"{scenario.smets}.{check.requirement}",
                name=f"{check.case} #{number}: option {check.option}, {check.who} looks at {check.looks_at}",
            )
            if not check.passed:
                failure = ElementTree.SubElement(
                    case, "failure", message=f"expected {check.expected}; seen {check.seen}"
                )
                failure.text = "; ".join(check.notes)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)
