"""Reference of encrypted galleries, by argon2-cffi, PyNaCl (libsodium) and hmac, after docs/gallery-format.md.

golden/sealing.json
  secret, salt, memory_kib, passes, lanes   of the lock; bytes in hexadecimal
  key       the key of the records
  locked    it, as the lock has it
  name      {plain, stored}; photo {plain, stored}  keyed hashes
  records   [{kind, number, plain, stored}]  kind 1 a person, 2 a face, 3 an embedding, 4 a picture of a face
"""

import hashlib
import hmac

from argon2.low_level import Type, hash_secret_raw
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as encrypt

from golden_file import write_golden

SECRET = "correct horse battery staple, größer".encode()
SALT = bytes(range(100, 116))
MEMORY_KIB, PASSES, LANES = 64, 2, 2
KEY = hashlib.sha256(b"the key of the records").digest()
PERSON = '{"name":"Ada Lovelace","tags":["family","Ärzte"],"notes":"two\\nlines"}'


def keyed_hash(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def derived(purpose):
    return keyed_hash(KEY, f"lineament gallery {purpose} 1".encode())


def sealed(kind, number, plain):
    bound = bytes([kind]) + number.to_bytes(8, "little")
    nonce = keyed_hash(derived("nonces"), bound, plain)[:24]
    return nonce + encrypt(plain, bound, nonce, derived("records"))


def padded(text):
    plain = text.encode()
    return plain + b" " * (-len(plain) % 64)


def main():
    locking = hash_secret_raw(SECRET, SALT, time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, hash_len=32, type=Type.ID)
    locked = encrypt(KEY, b"lineament gallery key 1", bytes(24), locking)
    name = "Ada Lovelace"
    photo = hashlib.sha256(b"a photo").digest()
    plains = [(1, 7, padded(PERSON)), (3, 1 << 40, bytes(range(256))), (3, 2, b""), (4, 5, b"\x89PNG" + bytes(60))]
    write_golden(
        "sealing.json",
        "sealing.py",
        ["argon2-cffi", "PyNaCl"],
        {
            "secret": SECRET.hex(),
            "salt": SALT.hex(),
            "memory_kib": MEMORY_KIB,
            "passes": PASSES,
            "lanes": LANES,
            "key": KEY.hex(),
            "locked": locked.hex(),
            "name": {"plain": name, "stored": keyed_hash(derived("names"), name.encode()).hex()},
            "photo": {"plain": photo.hex(), "stored": keyed_hash(derived("photos"), photo).hex()},
            "records": [
                {"kind": kind, "number": number, "plain": plain.hex(), "stored": sealed(kind, number, plain).hex()}
                for kind, number, plain in plains
            ],
        },
    )


if __name__ == "__main__":
    main()
