"""The 297 DUIS 5.4 request templates of the npm package @smartdcc/duis-templates, fetched when a test asks for them (they
are GPL: read here, never copied into the project)."""

import re
import subprocess
import tarfile
from dataclasses import dataclass

from .product import ROOT
from .records import DCC

PACKAGE, VERSION, TEMPLATES = "@smartdcc/duis-templates", "0.7.0", 297
# The targets of the templates, as the types of Device they stand for there.
DEVICE_TYPES = {
    "A0": "ESME",
    "A1": "GSME",
    "A2": "CHF",
    "A3": "GPF",
    "A4": "PPMID",
    "A5": "IHD",
    "A6": "HCALCS",
}


@dataclass(frozen=True)
class Template:
    name: str
    srv: str
    command_variant: int
    target: str  # the last octet of the target EUI, or "" for the DCC itself
    named_device: str  # for a target of "": the last octet of a DeviceID in the body, or ""
    counter: str
    xml: str


def fetch():
    """The folder of templates, from the cache in build/ or by `npm pack`."""
    cache = ROOT / "build" / "duis-templates"
    archive = cache / f"smartdcc-duis-templates-{VERSION}.tgz"
    if not archive.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"],
            cwd=cache,
            check=True,
            timeout=120,
            capture_output=True,
        )
    return archive


def templates():
    found = []
    with tarfile.open(fetch()) as archive:
        for member in archive:
            if member.name.lower().endswith(".xml"):
                found.append(
                    _parse(
                        member.name.rsplit("/", 1)[-1], archive.extractfile(member).read().decode()
                    )
                )
    assert len(found) == TEMPLATES, f"{len(found)} templates"
    return sorted(found, key=lambda template: template.name)


def _parse(name, xml):
    def header(tag):
        return re.search(rf"<sr:{tag}>([^<]*)</sr:{tag}>", xml)[1]

    _, target, counter = header("RequestID").split(":")
    device = re.search(r"DeviceID>(00-DB-12-34-56-78-90-[0-9A-F]{2})<", xml)
    return Template(
        name=name,
        srv=header("ServiceReferenceVariant"),
        command_variant=int(header("CommandVariant")),
        target="" if target == DCC else target[-2:],
        named_device=device[1][-2:] if device else "",
        counter=counter,
        xml=xml,
    )
