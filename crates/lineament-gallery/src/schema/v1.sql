-- Lineament gallery, version 1. docs/gallery-format.md says what the columns mean.

CREATE TABLE about (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    space TEXT NOT NULL,
    dimension INTEGER NOT NULL CHECK (dimension BETWEEN 1 AND 16384),
    precision TEXT NOT NULL CHECK (precision IN ('f32', 'f16')),
    model_sha256 BLOB NOT NULL CHECK (length(model_sha256) = 32),
    created_at INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    erasing INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE person (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    notes TEXT NOT NULL,
    tags TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    merged_into INTEGER REFERENCES person (id),
    crc INTEGER NOT NULL
) STRICT;

-- Names of merged people rest: somebody else may take them.
CREATE UNIQUE INDEX person_name ON person (name) WHERE merged_into IS NULL;
CREATE INDEX person_merged ON person (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE face (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person INTEGER NOT NULL REFERENCES person (id),
    source_path TEXT NOT NULL,
    source_sha256 BLOB NOT NULL CHECK (length(source_sha256) = 32),
    x REAL NOT NULL,
    y REAL NOT NULL,
    width REAL NOT NULL,
    height REAL NOT NULL,
    landmarks BLOB CHECK (length(landmarks) = 40),
    detection_score REAL NOT NULL,
    sharpness REAL,
    brightness REAL,
    objections TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL,
    crc INTEGER NOT NULL
) STRICT;

CREATE INDEX face_person ON face (person);
CREATE INDEX face_source ON face (source_sha256);

-- Apart from `face`, so that a scan of all embeddings reads nothing else.
CREATE TABLE embedding (
    face INTEGER PRIMARY KEY REFERENCES face (id) ON DELETE CASCADE,
    data BLOB NOT NULL,
    crc INTEGER NOT NULL
) STRICT;

-- A chain over all changes: equal hashes, equal contents.
CREATE TABLE history (
    generation INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
) STRICT;

-- Numbers only: whoever is forgotten leaves no name here.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    person INTEGER,
    other INTEGER,
    n_faces INTEGER NOT NULL
) STRICT;
