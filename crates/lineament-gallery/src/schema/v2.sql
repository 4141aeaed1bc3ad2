-- Version 2: a gallery can move to another model.

-- The model that it is moving to, while it is.
CREATE TABLE moving (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    space TEXT NOT NULL,
    dimension INTEGER NOT NULL CHECK (dimension BETWEEN 1 AND 16384),
    precision TEXT NOT NULL CHECK (precision IN ('f32', 'f16')),
    model_sha256 BLOB NOT NULL CHECK (length(model_sha256) = 32)
) STRICT;

-- As `embedding`, of that model.
CREATE TABLE embedding_next (
    face INTEGER PRIMARY KEY REFERENCES face (id) ON DELETE CASCADE,
    data BLOB NOT NULL,
    crc INTEGER NOT NULL
) STRICT;
