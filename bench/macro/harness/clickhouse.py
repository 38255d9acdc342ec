"""ClickHouse through chdb: the load, in a process of its own."""
import shutil

from . import places
from .contenders import Result
from .process import run_json

WORKER = places.ROOT / "bench" / "macro" / "harness" / "clickhouse_worker.py"


class ClickHouse:
    def __init__(self, folder):
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)

    def load(self, rows, ownership_rows):
        out, usage = run_json([places.VENV / "bin" / "python", WORKER, "load", self.folder, rows, ownership_rows])
        return Result("ClickHouse (chdb)", out["records"], out["seconds"], usage.cpu_seconds, usage.peak_rss_bytes, out["bytes"],
                      {"note": "rows decoded beforehand, one sort order; CPU includes the merge to one part"})

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
