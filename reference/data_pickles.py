"""`.bin` files of image pairs as Python 2, Python 3 and numpy of either naming pickle them, and hostile ones.

golden/data_pickles.json
  images  base64 of 2N "encoded images" (random bytes with every awkward one among them)
  labels  N booleans
  good    [{name, pickle, n_in_file}]  base64 of a pickle of (images, labels); how many of the images of 4 bytes and more
          lie in it as they are
  bad     [{name, pickle, error, offset, says}]  pickles to refuse: the kind of error ("unsafe", "bytes", "entry",
          "unsupported", "limit"), the byte of the offending instruction by pickletools (null where the error names none),
          and what the message must contain
"""

import base64
import io
import pickle
import pickletools
import struct

import numpy as np

from golden_file import write_golden


def encoded_images():
    rng = np.random.default_rng(11)
    awkward = b"\xff\xd8\r\n'\"\\\\u0041\\x41\x00\x1a\x80\xc3\xbf"
    images = [awkward, b"plain", b"\n", b"'\"", b"back\\slash", b"\xff" * 300]
    return images + [rng.bytes(n) for n in (20, 70)]


IMAGES = encoded_images()
LABELS = [True, False, False, True]
OLD_NAMES = {"numpy._core.multiarray": "numpy.core.multiarray", "numpy._core.numeric": "numpy.core.numeric"}


def dumps(value, protocol, names=None):
    """pickle.dumps in pure Python, with modules renamed."""
    file = io.BytesIO()
    names = names or {}
    which = pickle.whichmodule
    pickle.whichmodule = lambda obj, name: names.get(which(obj, name), which(obj, name))
    try:
        pickle._Pickler(file, protocol).dump(value)
    finally:
        pickle.whichmodule = which
    return file.getvalue()


def contained(data, images):
    return sum(image in data for image in images if len(image) >= 4)


def modern_cases():
    forms = {
        "bytes": (IMAGES, LABELS),
        "bytearray": ([bytearray(i) for i in IMAGES], LABELS),
        "arrays": ([np.frombuffer(i, np.uint8).copy() for i in IMAGES], LABELS),
        "column arrays and scalars": ([np.frombuffer(i, np.uint8).reshape(-1, 1) for i in IMAGES],
                                      [np.bool_(l) for l in LABELS]),
        "array of labels": (IMAGES, np.array(LABELS)),
        "tuples and integers": (tuple(IMAGES), tuple(int(l) for l in LABELS)),
        "list of both": [IMAGES, [np.uint8(l) for l in LABELS]],
    }
    for name, value in forms.items():
        for protocol in range(6):
            for naming, names in (("new", {}), ("old", OLD_NAMES)):
                data = dumps(value, protocol, names)
                if naming == "old" and data == dumps(value, protocol):
                    continue
                yield f"{name}, protocol {protocol}, {naming} names", data
    yield "bytes by the C pickler", pickle.dumps((IMAGES, LABELS), protocol=4)
    yield "bytes after frames, with what follows the end", pickle.dumps((IMAGES, LABELS), protocol=5) + b"trailing"


def py2_repr(data):
    """repr of a str of Python 2."""
    quote = "\"" if b"'" in data and b"\"" not in data else "'"
    text = repr(data)[1:]
    assert text[0] == quote
    return text.encode("ascii")


def short_string(data):
    return b"U" + bytes([len(data)]) + data if len(data) < 256 else b"T" + struct.pack("<i", len(data)) + data


def python2_cases():
    """Assembled by hand, for Python 3 cannot write them."""
    strings = b"".join(b"S" + py2_repr(i) + b"\np%d\na" % (n + 1) for n, i in enumerate(IMAGES))
    labels = b"".join(b"I01\na" if l else b"I00\na" for l in LABELS)
    yield "Python 2 protocol 0", b"((lp0\n" + strings + b"(lp20\n" + labels + b"tp21\n."
    binary = b"".join(short_string(i) + b"q" + bytes([n + 1]) for n, i in enumerate(IMAGES))
    labels = b"".join(b"I01\n" if l else b"I00\n" for l in LABELS)
    yield "Python 2 protocol 1", b"(]q\x00(" + binary + b"e]r\x14\x00\x00\x00(" + labels + b"et."
    labels = b"".join(b"\x88" if l else b"\x89" for l in LABELS)
    yield "Python 2 protocol 2", b"\x80\x02]q\x00(" + binary + b"e]q\x14(" + labels + b"e\x86q\x15."
    unicode = b"".join(
        b"c__builtin__\nbytearray\n(X" + struct.pack("<i", len(t)) + t + b"U\x07latin-1tR"
        for t in (i.decode("latin-1").encode() for i in IMAGES))
    yield "Python 2 bytearrays", b"\x80\x02](" + unicode + b"e](" + labels + b"e\x86."
    arrays = b"".join(python2_array(i) for i in IMAGES)
    scalars = b"".join(b"cnumpy.core.multiarray\nscalar\n" + BOOL_TYPE + (b"U\x01\x01" if l else b"U\x01\x00") + b"\x86R"
                       for l in LABELS)
    yield "Python 2 arrays and scalars", b"\x80\x02](" + arrays + b"e](" + scalars + b"e\x86."


BYTE_TYPE = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
BOOL_TYPE = BYTE_TYPE.replace(b"u1", b"b1")


def python2_array(data):
    return (b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01"
            b"J" + struct.pack("<i", len(data)) + b"K\x01\x86" + BYTE_TYPE + b"\x89" + short_string(data) + b"tb")


def offset_of(data, opcode, nth=0):
    places = [place for op, _, place in pickletools.genops(data) if op.name == opcode]
    return places[nth]


def pair_file(images=b"U\x01aU\x01b", labels=b"\x88"):
    """A small pickle of one pair of images, assembled by hand."""
    return b"\x80\x02](" + images + b"e](" + labels + b"e\x86."


class Shell:
    def __reduce__(self):
        import os
        return os.system, ("true",)


class Evaluation:
    def __reduce__(self):
        return eval, ("1",)


class Instance:
    pass


class Reference(pickle.Pickler):
    def persistent_id(self, obj):
        return "1" if obj == b"a" else None


def persistent(protocol):
    file = io.BytesIO()
    Reference(file, protocol).dump(([b"a", b"b"], [True]))
    return file.getvalue()


def unsafe_cases():
    for protocol in (0, 2, 4):
        opcode = "STACK_GLOBAL" if protocol == 4 else "GLOBAL"
        data = pickle.dumps(([b"a", Shell()], [True]), protocol)
        nth = 1 if protocol in (0, 2) else 0  # after _codecs.encode
        yield f"a shell, protocol {protocol}", data, offset_of(data, opcode, nth), "posix.system"
        data = pickle.dumps((["a", "b"], [Evaluation()]), protocol)
        module = "builtins" if protocol == 4 else "__builtin__"
        yield f"an evaluation, protocol {protocol}", data, offset_of(data, opcode), f"{module}.eval"
    data = pickle.dumps(([Instance(), b"a"], [True]), 2)
    yield "an instance", data, offset_of(data, "GLOBAL"), "Instance"
    for name, code, says in [
        ("named, not called", b"cos\nsystem\n", "os.system"),
        ("hidden in a known module", b"cnumpy\nload\n", "numpy.load"),
        ("a name with dots", b"cnumpy\nndarray.__class__\n", "numpy.ndarray.__class__"),
        ("getattr", b"cbuiltins\ngetattr\n", "builtins.getattr"),
    ]:
        data = pair_file(b"U\x01a" + code)
        yield name, data, offset_of(data, "GLOBAL"), says
    for name, code, opcode, says in [
        ("INST", b"(S'true'\nios\nsystem\n", "INST", "os.system"),
        ("OBJ", b"(cnumpy\ndtype\nU\x01ao", "OBJ", "to make an object"),
        ("NEWOBJ", b"cnumpy\ndtype\n)\x81", "NEWOBJ", "to make an object"),
        ("EXT1", b"\x82\x01", "EXT1", "extension registry"),
        ("EXT4", b"\x84\x01\x00\x00\x00", "EXT4", "extension registry"),
        ("a call of a string", b"U\x06system)R", "REDUCE", "to call bytes"),
        ("a state of a list", b"]Nb", "BUILD", "to set the state of a list"),
    ]:
        data = pair_file(code)
        yield name, data, offset_of(data, opcode), says
    for protocol, opcode in ((0, "PERSID"), (2, "BINPERSID")):
        data = persistent(protocol)
        yield opcode, data, offset_of(data, opcode), "persistent identifier"
    data = pair_file() [:-1] + b"0cos\nsystem\n(S'true'\ntR."
    yield "after the data", data, offset_of(data, "GLOBAL"), "os.system"


def broken_cases():
    for name, data, opcode, says in [
        ("one image for one label", pair_file(b"U\x01a"), None, "1 images for 1 labels, which need 2"),
        ("three images for one label", pair_file(b"U\x01aU\x01bU\x01c"), None, "3 images for 1 labels"),
        ("no pairs", pair_file(b"", b""), None, "no labels"),
        ("no tuple", b"\x80\x02K\x01.", None, "an integer"),
        ("three lists", b"\x80\x02]]]\x87.", None, "a tuple of 3"),
        ("images that are no list", b"\x80\x02U\x01a](\x88e\x86.", None, "bytes for the images"),
        ("something never memoised", pair_file(b"U\x01ah\x07"), "BINGET", "number 7"),
        ("a dictionary", pair_file(b"U\x01a}"), "EMPTY_DICT", "0x7d"),
        ("an array beyond its shape", pair_file(python2_array(b"ab").replace(b"J\x02\0\0\0", b"J\x03\0\0\0") + b"U\x01b"),
         "BUILD:1", "bytes fit its shape"),
        ("an array of a negative side", pair_file(python2_array(b"ab").replace(b"J\x02\0\0\0", b"J\xfe\xff\xff\xff") + b"U\x01b"),
         "BUILD:1", "bytes fit its shape"),
        ("another encoding", pair_file(b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00utf-8\x86RU\x01b"),
         "REDUCE", "latin-1"),
        ("a character beyond Latin-1", pair_file(b"c_codecs\nencode\nX\x02\x00\x00\x00\xc4\x80X\x06\x00\x00\x00latin1\x86RU\x01b"),
         "REDUCE", "Latin-1"),
        ("too many arguments", pair_file(b"c__builtin__\nbytes\nK\x05\x85RU\x01b"), "REDUCE", "the arguments of"),
        ("appending to bytes", pair_file(b"U\x01aU\x01ba"), "APPEND", "a list to append to"),
    ]:
        opcode, _, nth = (opcode or "").partition(":")
        yield name, data, "bytes", offset_of(data, opcode, int(nth or 0)) if opcode else 0, says
    stump = b"\x80\x02](B" + struct.pack("<I", 2**32 - 1)
    yield "a byte string longer than the file", stump + b"ab", "bytes", len(stump), "4294967295 bytes"
    stump = b"\x80\x04](\x8e" + struct.pack("<Q", 2**64 - 1)
    yield "a byte string longer than memory", stump + b"ab", "bytes", len(stump), "18446744073709551615 bytes"
    yield "a huge integer", b"\x80\x02\x8b" + struct.pack("<I", 2**31 - 1), "bytes", 2, "an integer of 64 bits"
    yield "protocol 6", b"\x80\x06.", "bytes", 0, "0 to 5"
    yield "a frame longer than the file", b"\x80\x04\x95" + struct.pack("<Q", 2**63) + b".", "bytes", 2, "a frame"
    yield "nothing", b"", "bytes", 0, "before the end of the file"
    yield "an empty stack", b"\x80\x02.", "bytes", 2, "a value on the stack"
    yield "no mark", b"\x80\x02e.", "bytes", 2, "a mark"
    yield "a value below the mark", b"\x80\x02K\x01(0.", "bytes", 5, "a value on the stack"
    yield "an empty image", pair_file(b"U\x00U\x01b"), "entry", None, "entry 0: expected the bytes of an encoded image"
    yield "a number for an image", pair_file(b"U\x01aK\x05"), "entry", None, "entry 1: expected the bytes of an encoded image"
    yield "a label of 2", pair_file(labels=b"K\x02"), "entry", None, "entry 0: expected True or False"
    yield "an array of floats", pickle.dumps(([np.zeros(2), np.zeros(2)], [True]), 2), "unsupported", None, "f8"
    fortran = [np.asfortranarray(np.zeros((2, 3), np.uint8))] * 2
    for protocol in (2, 5):
        yield f"Fortran order, protocol {protocol}", pickle.dumps((fortran, [True]), protocol), "unsupported", None, "Fortran order"
    outside = pickle.dumps(([np.zeros(2, np.uint8)] * 2, [True]), 5, buffer_callback=lambda buffer: None)
    yield "buffers outside of the file", outside, "unsupported", None, "buffers outside of it"
    text = b"X" + struct.pack("<I", 1000) + b"a" * 1000 + b"q\x00"
    bomb = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R"
    yield "a text decoded over and over", pair_file(text + bomb * 100), "limit", None, "decoded text"


def record(name, data, **fields):
    return {"name": name, "pickle": base64.b64encode(data).decode("ascii")} | fields


def main():
    good = [record(name, data, n_in_file=contained(data, IMAGES)) for name, data in [*modern_cases(), *python2_cases()]]
    bad = [record(name, data, error="unsafe", offset=offset, says=says) for name, data, offset, says in unsafe_cases()]
    bad += [record(name, data, error=error, offset=offset, says=says) for name, data, error, offset, says in broken_cases()]
    images = [base64.b64encode(image).decode("ascii") for image in IMAGES]
    write_golden("data_pickles.json", "data_pickles.py", ["numpy"],
                 {"images": images, "labels": LABELS, "good": good, "bad": bad})


if __name__ == "__main__":
    main()
