"""Files of embeddings as numpy writes them, and what a reader must find in them.

golden/data_embeddings.json
  files   [{name, npz_base64, rows}]  rows {name: [plain, mirrored or null] or null where no face was found}
  broken  [{name, npz_base64, says}]  files that are refused, and what the message holds
The names are those of the images in `crates/lineament-cli/tests/eval_sets.rs`: six people of three images.
"""

import base64
import io

import numpy as np

from golden_file import write_golden

NAMES = [f"P{person}/{image}.png" for person in range(6) for image in range(3)]


def packed(save=np.savez, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return base64.b64encode(file.getvalue()).decode("ascii")


def record(name, save=np.savez, **arrays):
    def row(i):
        plain = arrays["plain"][i].astype(np.float32)
        mirrored = arrays["mirrored"][i].astype(np.float32).tolist() if "mirrored" in arrays else None
        return [plain.tolist(), mirrored] if np.isfinite(plain).all() else None

    rows = {str(text): row(i) for i, text in enumerate(arrays["names"])}
    return {"name": name, "npz_base64": packed(save, **arrays), "rows": rows}


def broken(name, says, **arrays):
    return {"name": name, "npz_base64": packed(**arrays), "says": says}


def main():
    rng = np.random.default_rng(2026)
    centres = np.repeat(rng.normal(size=(6, 4)), 3, axis=0)
    plain, mirrored = (np.round(centres + 0.3 * rng.normal(size=(18, 4)), 3).astype(np.float32) for _ in range(2))
    plain[4] = np.nan
    short = {"names": np.array(["a", "b"]), "plain": np.ones((2, 3), np.float32)}
    files = [
        record("stored", names=np.array(NAMES), plain=plain, mirrored=mirrored),
        record("deflated", np.savez_compressed, names=np.array(NAMES), plain=plain.astype(np.float64)),
        record("big-endian, letters of every kind", names=np.array(["Zoë/1", "李/2", "🙂"], dtype=">U6"), plain=plain[:3].astype(">f4")),
    ]
    refused = [
        broken("no names", "the array names", plain=short["plain"]),
        broken("no plain", "the array plain", names=short["names"]),
        broken("numbers for names", "names as text", names=np.arange(2), plain=short["plain"]),
        broken("a name twice", "\"a\"", names=np.array(["a", "a"]), plain=short["plain"]),
        broken("too few rows", "plain as [2, d] numbers", names=short["names"], plain=short["plain"][:1]),
        broken("columns first", "C order", names=short["names"], plain=np.asfortranarray(short["plain"])),
        broken("other columns", "mirrored of 3 columns", **short, mirrored=np.ones((2, 4), np.float32)),
        broken("text", "numbers in C order", names=short["names"], plain=np.full((2, 3), "1")),
    ]
    write_golden("data_embeddings.json", "data_embeddings.py", ["numpy"], {"files": files, "broken": refused})


if __name__ == "__main__":
    main()
