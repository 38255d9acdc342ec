"""The same questions to everyone: pages of 50 of hot, cold and absent devices, and of portfolios."""
from . import places
from .contenders import settle_machine
from .load import open_loop, summary, write_targets
from .process import run_json

HARNESS = places.ROOT / "bench" / "macro" / "harness"


def routes(subject):
    def device(ids):
        return [f"/v1/devices/{d}/audit-trail?limit=50" for d in ids]
    return {"hot": device(subject.hot), "cold": device(subject.cold), "absent": device(subject.absent),
            "portfolio": ["/v1/audit-trail?scope=owned&limit=50"]}


def ask_satindex(plan, node, subject, tokens, rates, label):
    """tokens: screen and report. A report shows own rows only, so that no answer waits for its access record."""
    found = []
    for kind, paths in routes(subject).items():
        for channel, token in tokens.items():
            if kind == "portfolio" and channel == "report":
                paths = ["/v1/audit-trail?scope=own&limit=50"]
            targets = write_targets(plan.work / "targets", node.http, paths, token)
            for rate in rates:
                open_loop(targets, min(rate, 200), 1, plan.work)  # warm, and connections opened
                measured = open_loop(targets, rate, plan.seconds, plan.work)
                found.append({"who": "satindex", "kind": kind, "channel": channel, "when": label, **measured})
    return found


def signed(eui):
    value = int(eui.replace("-", ""), 16)
    return value - (1 << 64) if value >= 1 << 63 else value


def statements(subject, table, dialect):
    users = ",".join(str(signed(u)) for u in subject.users)
    visible = f"(user_id IN ({users}) OR event_type IN ('SERVICE_REQUEST','SIGNED_PRE_COMMAND','SERVICE_RESPONSE'))"

    def device(ids):
        return [f"SELECT * FROM {table}events WHERE device = {signed(d)} AND {visible} ORDER BY time_us DESC LIMIT 50" for d in ids]
    if dialect == "postgres":
        owned = [f"SELECT e.* FROM {table}events e WHERE {visible} AND EXISTS (SELECT 1 FROM {table}ownership o WHERE "
                 f"o.device = e.device AND o.relation = 0 AND o.party = '{subject.party}') ORDER BY time_us DESC LIMIT 50"]
    else:
        owned = [f"SELECT * FROM {table}events WHERE {visible} AND device IN (SELECT device FROM {table}ownership WHERE "
                 f"party = '{subject.party}' AND relation = 0) ORDER BY time_us DESC LIMIT 50"]
    return {"hot": device(subject.hot), "cold": device(subject.cold), "absent": device(subject.absent), "portfolio": owned}


def _ask(plan, worker, where, kinds, rates, who):
    found = []
    for kind, lines in kinds.items():
        rate = rates[kind]
        source = plan.work / "statements"
        source.write_text("\n".join(lines) + "\n")
        with open(source, "rb") as stdin:
            out, _ = run_json([places.VENV / "bin" / "python", worker, *where, str(rate), str(plan.seconds)], stdin=stdin)
        found.append({"who": who, "kind": kind, "channel": "-", "when": "idle",
                      **summary(out["ms"], rate=rate, failed=0, overrun=out["overrun"])})
    return found


def ask_postgres(plan, database, subject):
    rates = {"hot": 200, "cold": 200, "absent": 200, "portfolio": 20}
    settle_machine()
    return _ask(plan, HARNESS / "postgres_worker.py", [database.folder, database.port], statements(subject, "", "postgres"),
                rates, "PostgreSQL")


def ask_clickhouse(plan, database, subject):
    rates = {"hot": 20, "cold": 20, "absent": 20, "portfolio": 5}
    settle_machine()
    return _ask(plan, HARNESS / "clickhouse_worker.py", ["ask", database.folder], statements(subject, "bench.", "clickhouse"),
                rates, "ClickHouse")
