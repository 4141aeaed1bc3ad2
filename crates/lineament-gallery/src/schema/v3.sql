-- Version 3: a gallery can be encrypted.

-- How the key of an encrypted gallery is locked away; no row for one that is not encrypted.
CREATE TABLE lock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    salt BLOB NOT NULL CHECK (length(salt) = 16),
    memory_kib INTEGER NOT NULL,
    passes INTEGER NOT NULL,
    lanes INTEGER NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 48),
    crc INTEGER NOT NULL
) STRICT;
