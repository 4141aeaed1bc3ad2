"""Small labelled sets in every container, written by hand here, and what a reader must make of them.

golden/data_sets.json:
  cases      each: `name`; `kind`; `open`, the path to open; `files`, path -> base64; `results`, in order, each
             either a sample (`name`, `person`, `sha256` of the encoded image, `face` [x, y, width, height],
             `landmarks` [10], `split`, `attributes`) or `error`, texts that its message holds
  videos     each: `name`, `file` (base64 of an .npz), `max_frames`, and `frames`: `frame_idx`, `rgb_base64`
             (height x width x 3), `face`, `landmarks`
  split      `people`, `seed`, `shares`, and the part of each person
  names      [name, its normal form]
RecordIO follows dmlc-core's recordio.cc, mxnet's recordio.py and InsightFace's face2rec2.py.
"""

import base64
import hashlib
import io
import struct
import unicodedata
import zipfile

import numpy as np
import pyarrow
import pyarrow.parquet
from PIL import Image, ImageDraw

from golden_file import write_golden

MAGIC = struct.pack("<I", 0xCED7230A)
LANDMARKS = [f"{p}_{axis}" for p in ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right") for axis in "xy"]


def picture(seed, kind="PNG", side=12):
    """Bytes of a drawn image: coloured shapes."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (side, side), tuple(int(v) for v in rng.integers(0, 256, 3)))
    draw = ImageDraw.Draw(image)
    for shape in (draw.ellipse, draw.rectangle):
        x, y = (int(v) for v in rng.integers(0, side // 2, 2))
        shape((x, y, x + side // 2, y + side // 2), fill=tuple(int(v) for v in rng.integers(0, 256, 3)))
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def sample(name, person, image, face=None, landmarks=None, split=None, attributes=None):
    return {
        "name": name,
        "person": person,
        "sha256": hashlib.sha256(image).hexdigest(),
        "face": face,
        "landmarks": landmarks,
        "split": split,
        "attributes": attributes or {},
    }


def error(*texts):
    return {"error": list(texts)}


def case(name, kind, open_path, files, results):
    encoded = {path: base64.b64encode(data).decode("ascii") for path, data in files.items()}
    return {"name": name, "kind": kind, "open": open_path, "files": encoded, "results": results}


def lines(*rows):
    return ("\n".join(rows) + "\n").encode("utf-8")


# Folders and lists


def folder():
    a, b, c, d = (picture(seed) for seed in range(4))
    files = {
        "set/Ada/10.png": a,
        "set/Ada/9.png": b,
        "set/Ada/old/1.JPG": picture(4, "JPEG"),
        "set/Ada/notes.txt": b"no image",
        "set/Ada/.hidden.png": d,
        "set/Bob B/x.webp": c,
        "set/stranger.png": d,
    }
    results = [
        sample("stranger.png", None, d),
        sample("Ada/9.png", "Ada", b),
        sample("Ada/10.png", "Ada", a),
        sample("Ada/old/1.JPG", "Ada", files["set/Ada/old/1.JPG"]),
        sample("Bob B/x.webp", "Bob B", c),
    ]
    return case("folder", "folder", "set", files, results)


def csv_list():
    """A list as of crops packed into zip archives beside it, with lines that make no sense."""
    a, b, c = (picture(seed) for seed in (10, 11, 12))
    points = [4, 5, 8.5, 5, 6, 7, 4, 9, 8, 9]
    row = ",".join(map(str, points))
    empty = "," * 9
    stored, deflated = io.BytesIO(), io.BytesIO()
    write_zip(stored, [("00/0.png", a)], zipfile.ZIP_STORED)
    write_zip(deflated, [("00/1.png", b)], zipfile.ZIP_DEFLATED)
    files = {
        "set/crops-0.zip": stored.getvalue(),
        "set/crops-1.zip": deflated.getvalue(),
        "set/on disk.png": c,
        "set/list.csv": lines(
            f"file,person,source,{','.join(LANDMARKS)},age",
            f"00/0.png,p1,celeba,{row},",
            f'00/1.png,"Last, ""First""",x,{empty},31',
            f"on disk.png,,x,{empty},",
            f"gone.png,p1,x,{empty},",
            f'00/0.png,"p1,x,{empty},',
            "00/0.png,p1",
            f"00/0.png,p1,x,4,5{',' * 8},",
            f"00/0.png,p1,x,{row.replace('8.5', 'eye')},",
            f"00/1.png,p1,y,{empty},0",
        ),
    }
    results = [
        sample("00/0.png", "p1", a, landmarks=points, attributes={"source": "celeba"}),
        sample("00/1.png", 'Last, "First"', b, attributes={"source": "x", "age": "31"}),
        sample("on disk.png", None, c, attributes={"source": "x"}),
        error("list.csv, line 5", "gone.png", "not there"),
        error("list.csv, line 6", "quote"),
        error("list.csv, line 7", "14 columns", "got 2"),
        error("list.csv, line 8", "number", '""'),
        error("list.csv, line 9", "right_eye_x", '"eye"'),
        sample("00/1.png", "p1", b, attributes={"source": "y", "age": "0"}),
    ]
    return case("csv", "csv", "set", files, results)


def csv_boxes_zip64():
    """Other names of the columns, boxes and splits; the archive has a zip64 directory."""
    a = picture(13)
    files = {
        "boxes.csv": lines(
            "\ufeffsplit,path,identity,x,y,width,height",
            "train,crops/a.png,7,1,2,3.5,4",
            "test,crops/a.png,7,1,2,-3,4",
            "val,./crops/a.png,8,,,,",
        ),
        "crops.zip": zip64([("crops/a.png", a)]),
    }
    results = [
        sample("crops/a.png", "7", a, face=[1, 2, 3.5, 4], split="train"),
        error("boxes.csv, line 3", "negative"),
        sample("./crops/a.png", "8", a, split="val"),
    ]
    return case("csv_zip64", "csv", "boxes.csv", files, results)


def parquet_list():
    a, b = picture(14), picture(15)
    numbers = {name: pyarrow.array([float(i), None], pyarrow.float32()) for i, name in enumerate(LANDMARKS)}
    table = pyarrow.table(
        {
            "file": ["a.png", "b.png"],
            "person": pyarrow.array(["Ada", None], pyarrow.string()),
            **numbers,
            "age": pyarrow.array([31, None], pyarrow.int64()),
            "blur": pyarrow.array([-0.5, 2.0], pyarrow.float64()),
        }
    )
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    results = [
        sample("a.png", "Ada", a, landmarks=list(range(10)), attributes={"age": "31", "blur": "-0.5"}),
        sample("b.png", None, b, attributes={"blur": "2"}),
    ]
    files = {"set/a.png": a, "set/b.png": b, "set/list.parquet": file.getvalue()}
    return case("parquet", "parquet", "set", files, results)


def write_zip(file, members, method):
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)


def zip64(members):
    """A stored archive whose directory has all its numbers in zip64 fields."""
    out, directory = bytearray(), bytearray()
    wide = 0xFFFFFFFF
    for name, data in members:
        offset, crc, encoded = len(out), zipfile.crc32(data), name.encode()
        extra = struct.pack("<HHQQ", 1, 16, len(data), len(data))
        out += struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 0, 0, 33, crc, wide, wide, len(encoded), len(extra))
        out += encoded + extra + data
        extra = struct.pack("<HHI", 9, 4, 0) + struct.pack("<HHQQQ", 1, 24, len(data), len(data), offset)
        directory += struct.pack(
            "<IHHHHHHIIIHHHHHII",
            *(0x02014B50, 45, 45, 0, 0, 0, 33, crc, wide, wide, len(encoded), len(extra), 0, 0, 0, 0, wide),
        )
        directory += encoded + extra
    start = len(out)
    out += directory
    end = len(out)
    n, size = len(members), len(directory)
    out += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, n, n, size, start)
    out += struct.pack("<IIQI", 0x07064B50, 0, end, 1)
    comment = b"a comment"
    out += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, wide, wide, len(comment)) + comment
    return bytes(out)


# RecordIO


def record(payload):
    """A record as dmlc writes it: cut where the magic lies at a multiple of four."""
    parts, start = [], 0
    for at in range(0, len(payload) - 3, 4):
        if payload[at : at + 4] == MAGIC:
            parts.append(payload[start:at])
            start = at + 4
    parts.append(payload[start:])
    out = b""
    for i, part in enumerate(parts):
        flag = 0 if len(parts) == 1 else 1 if i == 0 else 3 if i == len(parts) - 1 else 2
        out += MAGIC + struct.pack("<I", flag << 29 | len(part)) + part
        out += bytes(-len(part) % 4)
    return out


def pack(labels, key, image=b""):
    if len(labels) == 1:
        return struct.pack("<IfQQ", 0, labels[0], key, 0) + image
    return struct.pack("<IfQQ", len(labels), 0, key, 0) + struct.pack(f"<{len(labels)}f", *labels) + image


def with_magics(image):
    """An image with the magic in the comment-like bytes after its end: split in the middle and at the end,
    and once where it is no multiple of four and so not split. 24 + 2 * 4 bytes come before it."""
    padded = image + bytes(-len(image) % 4)
    return padded + MAGIC + MAGIC + b"ab" + MAGIC + b"cd" + MAGIC


class RecFile:
    def __init__(self):
        self.rec, self.idx = b"", ""

    def add(self, key, payload):
        self.idx += f"{key}\t{len(self.rec)}\n"
        self.rec += record(payload)


def face2rec(people):
    """The layout of face2rec2.py: images, record 0, ranges. `people` holds lists of images."""
    file, key, starts = RecFile(), 1, []
    for label, images in enumerate(people):
        starts.append(key)
        for image in images:
            file.add(key, pack([label, 1], key, image))
            key += 1
    ends = starts[1:] + [key]
    file.add(0, pack([key, key + len(people)], 0))
    for i, (start, end) in enumerate(zip(starts, ends)):
        file.add(key + i, pack([start, end], key + i))
    return file


def recordio():
    images = [[picture(20), with_magics(picture(21))], [MAGIC + picture(22)], [picture(23, "JPEG")]]
    file = face2rec(images)
    flat = [(label, image) for label, of_one in enumerate(images) for image in of_one]
    people = ["Ada", "Bob"]
    name = lambda label: people[label] if label < len(people) else str(label)
    named = [
        sample(str(key), name(label), image, attributes={"labels": "1"}) for key, (label, image) in enumerate(flat, 1)
    ]
    numbered = [dict(one, person=str(label)) for one, (label, _) in zip(named, flat)]
    files = {
        "set/train.rec": file.rec,
        "set/train.idx": file.idx.encode(),
        "set/property": b"3,12,12",
        "set/train.people": lines(*people),
    }
    indexed = case("recordio", "recordio", "set", files, named)
    without = {path: data for path, data in files.items() if path == "set/train.rec"}
    return [indexed, case("recordio_without_index", "recordio", "set/train.rec", without, numbered)]


def recordio_images_only():
    """The layout of rec_builder.py: key 0 is an image, labels are single."""
    file = RecFile()
    images = [picture(24), picture(25)]
    for key, image in enumerate(images):
        file.add(key, pack([key + 5], key, image))
    files = {"set/casia.rec": file.rec, "set/casia.idx": file.idx.encode(), "set/property": b"7,12,12\n2\n"}
    results = [sample(str(key), str(key + 5), image) for key, image in enumerate(images)]
    return case("recordio_images_only", "recordio", "set", files, results)


def recordio_bad():
    """Garbage between records, a middle part without a first one, labels that are none, and a cut at the end."""
    a, b, c = (picture(seed) for seed in (26, 27, 28))
    good, late = record(pack([0], 1, a)), record(pack([1], 5, b))
    garbage = b"garbage!"
    middle = MAGIC + struct.pack("<I", 2 << 29 | 4) + b"abcd"
    half = record(pack([0.5], 3, c))
    many = record(struct.pack("<IfQQ", 1 << 30, 0, 4, 0) + c)
    cut = record(pack([0], 6, c))[:-9]
    rec = good + garbage + half + middle + many + late + cut
    at = np.cumsum([len(part) for part in (good, garbage, half, middle, many, late)])
    results = [
        sample("1", "0", a),
        error(f"bad.rec, byte {at[0]}", "magic", "0x62726167"),
        error(f"bad.rec, byte {at[1]}", "number of a person", "0.5"),
        error(f"bad.rec, byte {at[2]}", "flagged 2"),
        error(f"bad.rec, byte {at[3]}", "labels", "1073741824"),
        sample("5", "1", b),
        error(f"bad.rec, byte {at[5]}", "bytes of a record"),
    ]
    return case("recordio_bad", "recordio", "bad.rec", {"bad.rec": rec}, results)


def recordio_bad_index():
    a, b = picture(29), picture(30)
    first, second = record(pack([0], 1, a)), record(pack([9], 2, b))
    idx = lines("1\t0", "two", f"2\t{len(first)}", "3\t4", "4\t99999999", f"5\t{2**64 - 1}", "6\t0")
    files = {"set/train.rec": first + second, "set/train.idx": idx, "set/property": b"4,12,12"}
    results = [
        sample("1", "0", a),
        error("train.idx, line 2", "two"),
        error(f"train.rec, byte {len(first)}", "below 4", "9"),
        error("train.rec, byte 4", "magic"),
        error("train.rec, byte 99999999", "end of the file"),
        error(f"train.rec, byte {2**64 - 1}", "end of the file"),
        sample("6", "0", a),
    ]
    return case("recordio_bad_index", "recordio", "set", files, results)


# Sets of the field


def msceleb():
    a, b = picture(40, "JPEG"), picture(41, "JPEG")
    code = lambda data: base64.b64encode(data).decode()
    box = code(struct.pack("<4f", 0.1, 0.2, 0.8, 0.9))
    text = lines(
        f"m.01abc\t3\thttp://a/x.jpg\thttp://a\tFaceId-0\t{box}\t{code(a)}",
        "no tab here",
        f"m.02xyz\t{code(b).rstrip('=')}",
        f"\t3\tu\tp\tFaceId-0\t{box}\t{code(a)}",
        "m.03\tnot*base64",
    )
    results = [
        sample(
            "m.01abc/3-FaceId-0",
            "m.01abc",
            a,
            attributes={
                "rank": "3",
                "image_url": "http://a/x.jpg",
                "page_url": "http://a",
                "face_id": "FaceId-0",
                "face_rectangle": box,
            },
        ),
        error("faces.tsv, line 2", "no tab"),
        sample("m.02xyz/3", "m.02xyz", b),
        error("faces.tsv, line 4", "empty column"),
        error("faces.tsv, line 5", "base64", "*"),
    ]
    return case("msceleb", "msceleb", "faces.tsv", {"faces.tsv": text}, results)


def celeba():
    a, b = picture(42, "JPEG"), picture(43, "JPEG")
    points = [5, 6, 9, 6, 7, 8, 5, 10, 9, 10]
    row = "  ".join(map(str, points))
    header = "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y"
    lists = {
        "Anno/identity_CelebA.txt": lines("000001.jpg 2880", "000002.jpg 2937", "000003.jpg 8692", "000001.jpg"),
        "Anno/list_attr_celeba.txt": lines("2", "Bald Young ", "000001.jpg -1  1", "000002.jpg  1"),
        "Anno/list_bbox_celeba.txt": lines("2", "image_id x_1 y_1 width height", "000001.jpg  1  2  8  9"),
        "Anno/list_landmarks_celeba.txt": lines("2", header, f"000001.jpg {row}"),
        "Anno/list_landmarks_align_celeba.txt": lines("2", header, f"000001.jpg {row.replace('10', '11')}"),
        "Eval/list_eval_partition.txt": lines("000001.jpg 0", "000002.jpg 2"),
    }
    errors = [
        error("list_attr_celeba.txt, line 4", "2 values", "got 1"),
        error("identity_CelebA.txt, line 3", "000003.jpg", "not there"),
        error("identity_CelebA.txt, line 4", "number of a person"),
    ]
    attributes = {"Bald": "-1", "Young": "1"}
    cases = []
    for name, place, face, landmarks in (
        ("celeba_wild", "Img/img_celeba", [1, 2, 8, 9], points),
        ("celeba_aligned", "img_align_celeba", None, [11 if v == 10 else v for v in points]),
    ):
        files = {**lists, f"{place}/000001.jpg": a, f"{place}/000002.jpg": b}
        files = {f"set/{path}": data for path, data in files.items()}
        first = sample("000001.jpg", "2880", a, face, landmarks, "train", attributes)
        cases.append(case(name, "celeba", "set", files, [first, *errors]))
    return cases


def facescrub():
    photo, crop, by_hash, megaface = (picture(seed) for seed in (44, 45, 46, 47))
    sha = hashlib.sha256(by_hash).hexdigest()
    header = "name\timage_id\tface_id\turl\tbbox\tsha256"
    files = {
        "set/facescrub_actors.txt": lines(
            header,
            "Ada Byron\t1\t1\thttp://a/1\t2,3,10,11\tff",
            "Ada Byron\t2\t3\thttp://a/2\t2,3,10,11\tff",
            "Ada Byron\t9\t9\thttp://a/9\t2,3,10,11\tff",
            "Ada Byron\t9\t9\thttp://a/9\t2,3,10\tff",
            "../Ada\t9\t9\thttp://a/9\t2,3,10,11\tff",
        ),
        "set/facescrub_actresses.txt": lines(
            header, f"Eve\t5\t6\thttp://a/5\t0,0,4,4\t{sha}", "Eve\t7\t8\thttp://a/7\t0,0,4,4\tff", "Eve\t5"
        ),
        "set/actors/images/Ada_Byron/Ada_Byron_1.png": photo,
        "set/actors/faces/Ada_Byron/Ada_Byron_2_3.png": crop,
        f"set/{sha}.png": by_hash,
        "set/FaceScrub/Eve/Eve_8.png": megaface,
    }

    def of(ids, url, sha256, group):
        return {"image_id": ids[0], "face_id": ids[1], "url": f"http://a/{url}", "sha256": sha256, "list": group}

    box, small = [2, 3, 8, 8], [0, 0, 4, 4]
    results = [
        sample(
            "actors/images/Ada_Byron/Ada_Byron_1.png", "Ada Byron", photo, box, attributes=of("11", 1, "ff", "actors")
        ),
        sample("actors/faces/Ada_Byron/Ada_Byron_2_3.png", "Ada Byron", crop, attributes=of("23", 2, "ff", "actors")),
        error("facescrub_actors.txt, line 4", "image 9 of Ada Byron"),
        error("facescrub_actors.txt, line 5", "x1,y1,x2,y2"),
        error("facescrub_actors.txt, line 6", "a name"),
        sample(f"{sha}.png", "Eve", by_hash, small, attributes=of("56", 5, sha, "actresses")),
        sample("FaceScrub/Eve/Eve_8.png", "Eve", megaface, small, attributes=of("78", 7, "ff", "actresses")),
        error("facescrub_actresses.txt, line 4", "2 columns"),
    ]
    return case("facescrub", "facescrub", "set", files, results)


def vggface2():
    a, b, c, d = (picture(seed, "JPEG") for seed in (48, 49, 50, 51))
    points = [1.5, 2, 3, 2, 2, 3, 1, 4, 3, 4]
    row = ",".join(map(str, points))
    files = {
        "set/identity_meta.csv": lines(
            "Class_ID, Name, Sample_Num, Flag, Gender",
            'n000001, "14th_Dalai_Lama", 424, 0, m',
            "n000002, A,_Fine_Frenzy, 315, 1, f",
        ),
        "set/train/n000002/0001_01.jpg": a,
        "set/train/n000002/0002_01.jpg": b,
        "set/train/n000002/0003_01.jpg": c,
        "set/test/n000001/0001_01.jpg": d,
        "set/bb_landmark/loose_bb_train.csv": lines(
            "NAME_ID,X,Y,W,H",
            '"n000002/0001_01",1,2,3,4',
            '"n000002/0002_01",1,2,3,4',
            '"n000002/0009_01",1,2,3,4',
            '"n000002/0003_01",-1,2,3,4',
            '"n000002/0001_01",-1,2,3,4',
        ),
        "set/bb_landmark/loose_landmark_train.csv": lines(
            "NAME_ID,P1X,P1Y,P2X,P2Y,P3X,P3Y,P4X,P4Y,P5X,P5Y",
            f'"n000002/0001_01",{row}',
            f'"n000002/0004_01",{row}',
            f'"n000002/0009_01",{row}',
            f'"n000002/0003_01",{row}',
        ),
    }
    her, him = {"name": "A,_Fine_Frenzy", "gender": "f"}, {"name": "14th_Dalai_Lama", "gender": "m"}
    results = [
        sample("n000002/0001_01.jpg", "n000002", a, [1, 2, 3, 4], points, "train", her),
        error("loose_landmark_train.csv, line 3", "landmarks of n000002/0002_01", "n000002/0004_01"),
        error("loose_bb_train.csv, line 4", "0009_01.jpg", "not there"),
        sample("n000002/0003_01.jpg", "n000002", c, [-1, 2, 3, 4], points, "train", her),
        error("loose_landmark_train.csv", "landmarks of n000002/0001_01", "the end"),
        sample("n000001/0001_01.jpg", "n000001", d, split="test", attributes=him),
    ]
    return case("vggface2", "vggface2", "set", files, results)


# Videos


def videos():
    rng = np.random.default_rng(7)
    height, width, n_frames = 4, 3, 5
    frames = rng.integers(0, 256, (height, width, 3, n_frames), dtype=np.uint8)
    corners = np.zeros((4, 2, n_frames))
    for i in range(n_frames):
        left, top, right, bottom = 1 + i, 2, 9 + i, 12.5
        corners[:, :, i] = [[left, top], [right, top], [left, bottom], [right, bottom]]
    points = rng.random((68, 2, n_frames)).astype(np.float32) * 10
    arrays = {"boundingBox": corners, "landmarks2D": points, "landmarks3D": rng.random((68, 3, n_frames))}

    def expected(indices, with_arrays=True):
        return [frame(i) if with_arrays else dict(frame(i), face=None, landmarks=None) for i in indices]

    def frame(i):
        five = [points[36:42, :, i].mean(0), points[42:48, :, i].mean(0), *points[[30, 48, 54], :, i]]
        left, top = corners[:, :, i].min(0)
        right, bottom = corners[:, :, i].max(0)
        rgb = np.ascontiguousarray(frames[:, :, :, i]).tobytes()
        return {
            "frame_idx": i,
            "rgb_base64": base64.b64encode(rgb).decode("ascii"),
            "face": [left, top, right - left, bottom - top],
            "landmarks": [round(float(v), 5) for p in five for v in p],
        }

    def npz(save, **arrays):
        file = io.BytesIO()
        save(file, **arrays)
        return base64.b64encode(file.getvalue()).decode("ascii")

    fortran = {name: np.asfortranarray(array) for name, array in arrays.items()}
    big_endian = dict(arrays, landmarks2D=points.astype(">f8"))
    shape = {"height": height, "width": width}
    make = lambda name, file, max_frames, frames: {
        "name": name,
        "file": file,
        "max_frames": max_frames,
        **shape,
        "frames": frames,
    }
    return [
        make("stored", npz(np.savez, colorImages=frames, **arrays), 2, expected([1, 3])),
        make("deflated", npz(np.savez_compressed, colorImages=frames, **big_endian), 1, expected([2])),
        make("fortran", npz(np.savez, colorImages=np.asfortranarray(frames), **fortran), 9, expected(range(5))),
        make("bare", npz(np.savez_compressed, colorImages=frames), 3, expected([0, 2, 4], False)),
    ]


# Inspection


def split_mix(state):
    mask = (1 << 64) - 1
    z = (state + 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def split():
    people, seed, shares = [f"Pérson_{i}" for i in range(23)], 2**63 + 5, [7, 2, 1]

    def rank(name):
        fnv = 0xCBF29CE484222325
        for byte in name.encode():
            fnv = ((fnv ^ byte) * 0x100000001B3) % 2**64
        return split_mix(split_mix(seed) ^ fnv)

    # 16.1, 4.6 and 2.3 of 23: the largest remainder is the second's.
    order = sorted(people, key=lambda name: (rank(name), name))
    parts = {name: 0 if i < 16 else 1 if i < 21 else 2 for i, name in enumerate(order)}
    return {"people": people, "seed": seed, "shares": shares, "parts": [parts[name] for name in people]}


def names():
    """Letters of Latin-1, Latin Extended-A and Vietnamese that decompose into a letter and marks."""
    letters = [chr(c) for c in (*range(0xC0, 0x180), *range(0x1EA0, 0x1EFA))]
    pairs = []
    for letter in letters:
        base = unicodedata.normalize("NFKD", letter.lower())
        base = "".join(c for c in base if not unicodedata.combining(c))
        if len(base) == 1 and "a" <= base <= "z":
            pairs.append([letter, base])
    whole = [["Zoë_Kravitz", "zoe kravitz"], ["García  Márquez, Gabriel", "gabriel garcia marquez"]]
    whole += [["O'Neal-Smith Jr.", "oneal smith jr"], ["Straße", "strasse"], ["  ", ""]]
    joined = ["".join(letter for letter, _ in pairs), "".join(base for _, base in pairs)]
    return [joined, *whole]


def main():
    cases = [folder(), csv_list(), csv_boxes_zip64(), parquet_list(), *recordio(), recordio_images_only()]
    cases += [recordio_bad(), recordio_bad_index(), msceleb(), *celeba(), facescrub(), vggface2()]
    fields = {"cases": cases, "videos": videos(), "split": split(), "names": names()}
    write_golden("data_sets.json", "data_sets.py", ["numpy", "pillow", "pyarrow"], fields)


if __name__ == "__main__":
    main()
