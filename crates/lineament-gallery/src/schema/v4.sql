-- Version 4: small pictures of faces can be kept.

-- A PNG file of a face, for those that were enrolled with one.
CREATE TABLE thumbnail (
    face INTEGER PRIMARY KEY REFERENCES face (id) ON DELETE CASCADE,
    data BLOB NOT NULL,
    crc INTEGER NOT NULL
) STRICT;
