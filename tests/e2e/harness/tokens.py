"""JWTs made by hand, so that the product's own `token` command is not what its checks rest on."""

import base64
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ISSUER = "https://issuer.e2e.test"
AUDIENCE = "satindex-e2e"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value, size):
    return b64(value.to_bytes(size, "big"))


class Issuer:
    """Three keys (ES256, EdDSA, RS256) and the JWKS that names them."""

    def __init__(self):
        self.keys = {
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate(),
            "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        }

    def jwks(self):
        point = self.keys["ES256"].public_key().public_numbers()
        edwards = self.keys["EdDSA"].public_key().public_bytes_raw()
        modulus = self.keys["RS256"].public_key().public_numbers()
        return {
            "keys": [
                {
                    "kty": "EC",
                    "crv": "P-256",
                    "use": "sig",
                    "alg": "ES256",
                    "kid": "key-ES256",
                    "x": _number(point.x, 32),
                    "y": _number(point.y, 32),
                },
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "use": "sig",
                    "alg": "EdDSA",
                    "kid": "key-EdDSA",
                    "x": b64(edwards),
                },
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": "RS256",
                    "kid": "key-RS256",
                    "n": _number(modulus.n, 256),
                    "e": _number(modulus.e, 3),
                },
            ]
        }

    def sign(self, alg, message):
        key = self.keys[alg]
        if alg == "ES256":
            r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if alg == "EdDSA":
            return key.sign(message)
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def token(self, claims, alg="ES256", header=None):
        head = {"alg": alg, "typ": "JWT", "kid": f"key-{alg}", **(header or {})}
        message = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{message}.{b64(self.sign(alg, message.encode()))}"

    def claims(self, party, role, user_ids=(), scope="sat:screen", sub=None, **more):
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "exp": int(time.time()) + 3600,
            "sub": sub or f"sub-{party}",
            "party_id": party,
            "user_role": role,
            "user_ids": list(user_ids),
            "scope": scope,
            **more,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def mint(self, caller, scope="sat:screen", alg="ES256"):
        return self.token(self.claims(caller.party, caller.role, caller.user_ids, scope), alg)
