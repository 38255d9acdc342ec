"""Settings that change what is seen: types, hidden fields, role classes, retention, TLS (CONTRACT 2, 3 and 4)."""

import datetime
import ipaddress
import ssl

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.model import Model, assert_same
from harness.product import Topics, device_path
from harness.records import DAY, NETWORK, SECOND, caller, eui, event, interval, now_ns

TYPES = (
    "SERVICE_REQUEST",
    "ACKNOWLEDGEMENT",
    "PRE_COMMAND",
    "SIGNED_PRE_COMMAND",
    "SERVICE_RESPONSE",
    "DEVICE_ALERT",
    "DCC_ALERT",
    "LATER_TYPE",
)
SUPPLIER_ROLES, OPERATOR_ROLES = ("IS", "XX"), ("ED", "YY")


class World:
    def __init__(self, broker, wire):
        self.topics = Topics(broker, "settings")
        self.device, self.sender = eui(), caller("OU")
        self.suppliers = {role: caller(role) for role in (*SUPPLIER_ROLES, "GS")}
        self.operators = {role: caller(role) for role in (*OPERATOR_ROLES, "GT")}
        self.callers = [
            *self.suppliers.values(),
            *self.operators.values(),
            self.sender,
            caller("OU"),
        ]
        self.ownership = [interval(self.device, one.party) for one in self.suppliers.values()] + [
            interval(self.device, one.party, NETWORK) for one in self.operators.values()
        ]
        self.events = [
            event(
                who.user_ids[0],
                who.role,
                kind,
                self.device,
                now_ns() - days * DAY - n * SECOND,
                commandVariant=n,
                responseCode="I0",
            )
            for days in (1, 5, 15)
            for n, kind in enumerate(TYPES)
            for who in (self.sender, self.suppliers["IS"])
        ]
        wire.send(self.topics.events, self.events)
        wire.send(self.topics.ownership, self.ownership)

    def check(self, product, wire, model, events=None):
        product.fence(wire)
        model.add(self.events if events is None else events, self.ownership)
        for one in self.callers:
            assert_same(
                product.device(self.device, one),
                model.device(self.device, one),
                f"device, {one.role}",
            )
            assert_same(product.own(one), model.own(one), f"own, {one.role}")
            if model.relation(one):
                assert_same(product.owned(one), model.owned(one), f"owned, {one.role}")
            else:
                assert product.get("/v1/audit-trail", one, scope="owned").status_code == 403


@pytest.fixture(scope="module")
def world(broker, wire):
    return World(broker, wire)


def test_cross_user_types_can_be_widened_and_narrowed(world, deploy, wire):
    for number, types in enumerate(
        (("SERVICE_REQUEST", "ACKNOWLEDGEMENT", "PRE_COMMAND"), ("SERVICE_RESPONSE",))
    ):
        product = deploy(f"types-{number}", world.topics, cross_user_types=",".join(types))
        world.check(product, wire, Model(cross_types=types))
        product.stop()


def test_hidden_fields_are_left_out_of_others_rows_and_match_own_rows_only(world, deploy, wire):
    hide = ("requestId", "commandVariant", "responseCode")
    product, model = deploy("hide", world.topics, others_hide=",".join(hide)), Model(hide=hide)
    world.check(product, wire, model)
    owner = world.suppliers["IS"]
    for record in world.events[:16]:
        seen = product.device(world.device, owner, requestId=record["requestId"])
        assert_same(
            seen,
            model.device(world.device, owner, requestId=record["requestId"]),
            "a filter on a hidden field",
        )
        assert all(entry["own"] for entry in seen)
    product.stop()


def test_role_classes(world, deploy, wire):
    product = deploy(
        "roles",
        world.topics,
        supplier_roles=",".join(SUPPLIER_ROLES),
        network_operator_roles=",".join(OPERATOR_ROLES),
    )
    world.check(product, wire, Model(suppliers=SUPPLIER_ROLES, operators=OPERATOR_ROLES))
    product.stop()


def test_retention_hides_at_once(world, deploy, wire):
    product = deploy("retention", world.topics, retention="10d")
    kept = world.events[: 2 * len(TYPES) * 2]  # those of one and of five days ago
    world.check(product, wire, Model(), kept)
    # An event that is too old when it comes is not shown either.
    old = event(
        world.sender.user_ids[0], "OU", device=world.device, at=now_ns() - 11 * DAY, srv="2.2"
    )
    wire.send(world.topics.events, [old])
    world.events.append(old)
    product.fence(wire)
    assert product.own(world.sender, srv="2.2") == []
    product.stop()


def test_option_none_is_todays_rule(world, deploy, wire):
    product = deploy("none", world.topics, access_option="none")
    world.check(product, wire, Model("none"))
    product.stop()


def certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "satindex-e2e")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "tls.crt", folder / "tls.key"


def test_tls(world, deploy, workspace):
    crt, key = certificate(workspace)
    product = deploy("tls", world.topics, tls_cert=crt, tls_key=key)
    url = f"https://127.0.0.1:{product.port}{device_path(world.device)}"
    header = {"Authorization": f"Bearer {product.issuer.mint(world.suppliers['IS'])}"}
    answer = requests.get(url, headers=header, verify=str(crt), timeout=10)
    assert answer.status_code == 200 and answer.json()["crossUser"] == "included"
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, headers=header, timeout=10)
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(url.replace("https", "http"), headers=header, timeout=10)
    product.stop()


def test_client_certificates(world, deploy, workspace):
    crt, key = certificate(workspace)
    product = deploy("mtls", world.topics, tls_cert=crt, tls_key=key, tls_client_ca=crt)
    url = f"https://127.0.0.1:{product.port}/openapi.yaml"
    assert (
        requests.get(url, verify=str(crt), cert=(str(crt), str(key)), timeout=10).status_code == 200
    )
    with pytest.raises((requests.exceptions.ConnectionError, ssl.SSLError)):
        requests.get(url, verify=str(crt), timeout=10)
    product.stop()
