"""Scenario files: YAML around plain tables. Reading them, and saying in plain words what is wrong with one."""

from dataclasses import dataclass, field

import yaml

WHAT = {
    "request": "SERVICE_REQUEST",
    "signed pre-command": "SIGNED_PRE_COMMAND",
    "pre-command": "PRE_COMMAND",
    "acknowledgement": "ACKNOWLEDGEMENT",
    "response": "SERVICE_RESPONSE",
    "scheduled read": "SERVICE_RESPONSE",
    "future-dated result": "SERVICE_RESPONSE",
    "device alert": "DEVICE_ALERT",
    "DCC alert": "DCC_ALERT",
}
HOLDS = {"supplier": "RESPONSIBLE_SUPPLIER", "certificate": "NETWORK_OPERATOR"}
OPTIONS = ("none", "A", "B", "A tenure", "A tenure-former", "B tenure", "B tenure-former")
COLUMNS = {
    "traffic": {"row", "day", "time", "what", "user", "SRV", "device"},
    "ownership": {"who", "holds", "device", "from day", "to day"},
    "expect": {"option", "who", "looks at", "sees", "others"},
}
OPTIONAL = {"traffic": set(), "ownership": {"version", "withdrawn"}, "expect": set()}
EVERY_SRV = "traffic for every SRV"


class ScenarioError(Exception):
    """What a tester has to change, and where."""


@dataclass
class Case:
    number: str
    requirement: str
    title: str
    steps: list  # (kind, list of dicts)


@dataclass
class Scenario:
    path: str
    title: str
    smets: str
    devices: dict
    users: dict
    cases: list = field(default_factory=list)

    def options(self):
        return sorted(
            {
                line["option"]
                for case in self.cases
                for kind, lines in case.steps
                if kind == "expect"
                for line in lines
            }
        )


def table(text, kind, where):
    lines = [
        [cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.strip()
    ]
    head, *body = lines
    wrong = set(head) - COLUMNS[kind] - OPTIONAL[kind] or COLUMNS[kind] - set(head)
    if wrong:
        raise ScenarioError(
            f"{where}: column {', '.join(sorted(wrong))} is unknown or missing in '{kind}'"
        )
    rows = []
    for cells in body:
        if len(cells) > len(head):
            raise ScenarioError(
                f"{where}: more cells than columns in the line '{' | '.join(cells)}'"
            )
        rows.append(dict(zip(head, cells + [""] * (len(head) - len(cells)))))
    return rows


def _known(value, allowed, what, where):
    if value not in allowed:
        raise ScenarioError(
            f"{where}: {what} '{value}' is not one of: {', '.join(map(str, allowed))}"
        )


def _check(kind, lines, scenario, where):
    for line in lines:
        if kind == "traffic":
            _known(line["what"], WHAT, "what", where)
            _known(line["user"], scenario.users, "user", where)
            _known(line["device"], [*scenario.devices, "DCC"], "device", where)
        elif kind == "ownership":
            _known(line["holds"], HOLDS, "holds", where)
            _known(line["who"], scenario.users, "who", where)
            _known(line["device"], scenario.devices, "device", where)
        elif kind == "expect":
            _known(line["option"], OPTIONS, "option", where)
            _known(line["who"], scenario.users, "who", where)
            _known(
                place(line["looks at"])[1],
                [*scenario.devices, "portfolio", "own trail"],
                "looks at",
                where,
            )
            _known(line["others"], ["included", "none", "withheld", ""], "others", where)
        else:
            _known(line["user"], scenario.users, "user", where)
            _known(line["device"], scenario.devices, "device", where)


def place(text):
    """('screen' | 'report' | 'download', what is looked at)."""
    for channel, prefix in (("report", "report on "), ("download", "download of ")):
        if text.startswith(prefix):
            return channel, text[len(prefix) :]
    return "screen", text


def read(path):
    with open(path, encoding="utf-8") as file:
        raw = yaml.load(file, Loader=yaml.BaseLoader)  # every value a string: 4.10 stays 4.10
    for name in ("title", "smets version", "devices", "users", "cases"):
        if name not in raw:
            raise ScenarioError(f"{path}: '{name}' is missing")
    scenario = Scenario(str(path), raw["title"], raw["smets version"], raw["devices"], raw["users"])
    for number, case in enumerate(raw["cases"], 1):
        where = f"{path}, case {case.get('case', number)}"
        for name in ("case", "requirement", "title", "steps"):
            if name not in case:
                raise ScenarioError(f"{where}: '{name}' is missing")
        steps = []
        for step in case["steps"]:
            ((kind, content),) = step.items()
            _known(kind, [*COLUMNS, EVERY_SRV], "step", where)
            lines = [content] if kind == EVERY_SRV else table(content, kind, where)
            _check(kind, lines, scenario, where)
            steps.append((kind, lines))
        scenario.cases.append(Case(case["case"], case["requirement"], case["title"], steps))
    return scenario
