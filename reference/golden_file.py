"""Writes and locates the golden files.

Every golden JSON starts with `script` (which file wrote it), `python` and `libraries` (name -> version);
the other fields are documented at the top of that script. Pixels are base64 of raw bytes, row by row, R G B.
"""

import base64
import importlib.metadata
import json
import os
import platform
from pathlib import Path

import numpy as np

REFERENCE = Path(__file__).resolve().parent
GOLDEN = REFERENCE / "golden"
ASSETS = REFERENCE / "assets"
SHARED = Path(os.environ.get("LINEAMENT_SHARED", REFERENCE.parent.parent / "shared"))


def write_golden(file_name, script, libraries, fields):
    """Writes golden/<file_name>: one top-level field a line, and one line per record in a list of records."""
    header = {
        "script": f"reference/{script}",
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in libraries},
    }
    lines = [f" {json.dumps(key)}: {_value_text(value)}" for key, value in (header | fields).items()]
    path = GOLDEN / file_name
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path.relative_to(REFERENCE)}: {path.stat().st_size / 1024:.0f} KiB")


def _value_text(value):
    is_records = isinstance(value, list) and len(value) > 0 and isinstance(value[0], dict)
    if not is_records:
        return json.dumps(value)
    return "[\n  " + ",\n  ".join(json.dumps(record) for record in value) + "\n ]"


def image_record(rgb):
    """JSON record of an RGB picture [height, width, 3] u8."""
    height, width, _ = rgb.shape
    return {"width": width, "height": height, "rgb_base64": pixels_base64(rgb)}


def pixels_base64(rgb):
    """Base64 of the raw bytes of an RGB picture [height, width, 3] u8."""
    assert rgb.dtype == np.uint8 and rgb.shape[2] == 3
    return base64.b64encode(np.ascontiguousarray(rgb).tobytes()).decode("ascii")


def rounded(values, digits):
    """Nested lists of Python floats rounded to `digits` decimals."""
    return np.round(np.asarray(values, dtype=np.float64), digits).tolist()
