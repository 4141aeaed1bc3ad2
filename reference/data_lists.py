"""Small protocol lists of every database, written here, and what a reader must make of them.

golden/data_lists.json:
  cfp        path -> content of a whole small database, which cases of its readers start from
  pairs      lists of pairs, each: `name`; `reader` (csv, ytf, ytf-corrected, cfp-ff, cfp-fp); `list` and `images`, the
             paths to open; `files`, path -> content, or null for a file of the database that is not there; and either
             `protocol` (`name`, `n_folds`, `items` of [name, person, paths], `pairs` of [first, second, mated, fold,
             line], `groups` of each pair or null) or `error`, texts that the message holds
  megaface   `lists`, each: `name`, `json`, `files` (null: features only), and `items` of [name, person, paths] or `error`;
             `noises`: `text` of a list, and [path, whether it is noise]; `features`, each: `name`, `file` in base64, and
             `values` or `error`
  ijb        each: `name`; `release` (b, c); `form` (official, packed); `read` (verification, identification); `files`; and
             `verification` (`templates`, `pairs` of [first, second, mated]), `identification` (`galleries` of [name,
             templates], `probes`) or `error`. A template is [number, subject, media], a medium [name, faces], a face
             [name, box, landmarks, score]
  blufr      `files`, paths of images; `mat`, each: `name`, `file` in base64, and `benchmark` (`items` of [name, person,
             paths], `dev` and `trials` of lists of indices from 0) or `error`
  people     `files`, paths of images, and `lists`, each: `name`, `text`, and `folds` of [name, person, paths] or `error`
"""

import base64
import io
import json
import struct
import zlib

import numpy as np
import scipy.io

from golden_file import write_golden


class Protocol:
    """What a reader should return, put together pair by pair."""

    def __init__(self, name, n_folds):
        self.name, self.n_folds = name, n_folds
        self.items, self.pairs, self.groups = [], [], None

    def item(self, name, person, paths):
        names = [item[0] for item in self.items]
        if name not in names:
            self.items.append([name, person, paths])
            return len(names)
        return names.index(name)

    def add(self, first, second, mated, fold, line, groups=None):
        self.pairs.append([self.item(*first), self.item(*second), mated, fold, line])
        if groups:
            self.groups = (self.groups or []) + [groups]

    def fields(self):
        return {"name": self.name, "n_folds": self.n_folds, "items": self.items, "pairs": self.pairs, "groups": self.groups}


def text(rows, end="\n"):
    return "".join(row + end for row in rows)


def case(name, reader, list_path, images, files, outcome):
    result = {"error": outcome} if isinstance(outcome, list) else {"protocol": outcome.fields()}
    return {"name": name, "reader": reader, "list": list_path, "images": images, "files": files} | result


def empty(paths):
    """Files whose content does not matter."""
    return {path: "" for path in paths}


# Pairs as comma-separated text

CSV_IMAGES = ["img/a/1.png", "img/a/2.png", "img/b 1.png", "img/c.png"]


def csv_cases():
    def of(name, rows, outcome, end="\n"):
        return case(name, "csv", "my pairs.csv", "img", {"my pairs.csv": text(rows, end)} | empty(CSV_IMAGES), outcome)

    def image(name, person=None):
        return (name, person, [f"img/{name}"])

    plain = Protocol("my pairs", 1)
    plain.add(image("a/1.png"), image("b 1.png"), False, 0, 2)
    plain.add(image("a/2.png"), image("a/1.png"), True, 0, 3)
    yield of("csv: three columns", ["mated,first,second", "0,a/1.png,b 1.png", 'True,"a/2.png",a/1.png'], plain, "\r\n")

    full = Protocol("my pairs", 2)
    full.add(image("a/1.png", "A, a"), image("a/2.png", "A, a"), True, 1, 2, ["old", "old"])
    full.add(image("a/1.png", "A, a"), image("c.png"), False, 0, 3, ["old", None])
    full.add(image("b 1.png", "B"), image("a/2.png", "A, a"), False, 1, 5, [None, "old"])
    header = "fold,first,second,first_person,second_person,mated,first_group,second_group,note"
    yield of("csv: every column", [
        header,
        '10,a/1.png,a/2.png,"A, a","A, a",1,old,old,',
        '7,a/1.png,c.png,"A, a",,0,old,,x',
        "",
        '10,b 1.png,a/2.png,B,"A, a",false,,old,y',
    ], full)

    groups = Protocol("my pairs", 1)
    groups.add(image("a/1.png"), image("c.png"), False, 0, 2, ["young", "young"])
    yield of("csv: a group for both sides", ["first,second,mated,group", "a/1.png,c.png,0,young"], groups)

    people = "first,second,mated,first_person,second_person"
    for name, rows, says in [
        ("empty", [], ["line 1", "a header with the columns first, second and mated", "an empty file"]),
        ("no header", ["a/1.png,a/2.png,1"], ["line 1", "a header with the columns"]),
        ("no pair", ["first,second,mated"], ["line 2", "expected a pair"]),
        ("a column less", ["first,second,mated", "a/1.png,a/2.png"], ["line 2", "3 columns, as in the header", "got 2"]),
        ("an open quote", ["first,second,mated", '"a/1.png,a/2.png,1'], ["line 2", "quotes that close"]),
        ("no label", ["first,second,mated", "a/1.png,a/2.png,yes"], ["line 2", "1, 0, true or false", '"yes"']),
        ("no fold", ["first,second,mated,fold", "a/1.png,a/2.png,1,-1"], ["line 2", "a number as fold", '"-1"']),
        ("a missing image", ["first,second,mated", "a/1.png,a/3.png,1"], ["line 2", "a/3.png", "not there"]),
        ("one image twice", ["first,second,mated", "c.png,c.png,1"], ["line 2", "one image twice"]),
        ("a pair twice", ["first,second,mated", "a/1.png,a/2.png,1", "c.png,a/1.png,0", "a/2.png,a/1.png,1"],
         ["line 4", "the pair of line 2 again"]),
        ("two people mated", [people, "a/1.png,b 1.png,1,A,B"], ["line 2", "one person in a mated pair", "A and B"]),
        ("one person not mated", [people, "a/1.png,a/2.png,0,A,A"], ["line 2", "two people", "A twice"]),
        ("another person", [people, "a/1.png,a/2.png,1,A,A", "a/2.png,c.png,0,B,C"],
         ["line 3", "a/2.png to show A, as before", "got B"]),
    ]:
        yield of(f"csv: {name}", rows, ["my pairs.csv"] + says)


# YouTube Faces

YTF_HEADER = "split number, pair number, first name, second name, is same?"
YTF_FRAMES = {"Ada/0": [2, 10, 9], "Ada/3": [1], "Bo_B/1": [100, 99], "Cy/0": [7], "Cy/2": [8, 11]}


def ytf_cases():
    def frames(folder, pattern):
        paths = {}
        for video, numbers in YTF_FRAMES.items():
            number = video.split("/")[1]
            names = [pattern.format(number, frame) for frame in sorted(numbers)]
            paths[video] = [f"{folder}/{video}/{name}" for name in names]
        return paths

    layouts = {
        "frames": ("db", frames("db/frame_images_DB", "{}.{}.jpg")),
        "aligned": ("db", frames("db/aligned_images_DB", "aligned_detect_{}.{}.jpg")),
        "folders": ("other", frames("other", "{}.{}.jpg")),
        "archives": ("npz", {video: [f"npz/part/{video.replace('/', '_')}.npz"] for video in YTF_FRAMES}),
    }
    rows = [
        (1, 1, "Ada/0", "Ada/3", 1), (1, 2, "Bo_B/1", "Ada/0", 0),
        (2, 1, "Cy/2", "Cy/0", 1), (2, 2, "Cy/2", "Ada/3", 0),
    ]

    def line(row):
        return ", ".join(map(str, row))

    def of(name, reader, rows, layout, outcome, extra=()):
        images, paths = layouts[layout]
        files = empty([path for video in paths.values() for path in video[::-1]] + list(extra))
        return case(f"ytf: {name}", reader, "splits.txt", images, files | {"splits.txt": text(rows)}, outcome)

    def protocol(name, layout, rows, first_line, unknown=()):
        expected = Protocol(name, 2)
        paths = layouts[layout][1]
        for number, (split, _, first, second, mated) in enumerate(rows, first_line):
            sides = [(video, None if video in unknown else video.split("/")[0], paths[video]) for video in (first, second)]
            expected.add(*sides, mated == 1, split - 1, number)
        return expected

    for layout in layouts:
        extra = ["db/aligned_images_DB.txt", f"{layouts[layout][1]['Ada/0'][0].rsplit('/', 1)[0]}/notes.txt"]
        expected = protocol("ytf", layout, rows, 2)
        yield of(f"the list with {layout}", "ytf", [YTF_HEADER] + [line(row) for row in rows], layout, expected, extra)
    yield of("no header", "ytf", map(line, rows), "folders", protocol("ytf", "folders", rows, 1))

    corrected = [(1, 1, "Ada/0", "Ada/3", 0), (1, 3, "Bo_B/1", "Ada/0", 0), (2, 1, "Cy/2", "Cy/0", 1)]
    expected = protocol("ytf-corrected", "folders", corrected, 1, unknown=("Ada/0", "Ada/3"))
    yield of("labels against names in the errata", "ytf-corrected", map(line, corrected), "folders", expected)

    good = [line(row) for row in rows]
    for name, rows, says in [
        ("empty", [], ["line 1", "a pair"]),
        ("only a header", [YTF_HEADER], ["line 2", "a pair", "after 0"]),
        ("no pair", good[:1] + ["1, 2, Bo_B/1, Ada/0"], ["line 2", "split, pair, Person/1, Person/2, 0 or 1"]),
        ("another label", ["1, 1, Ada/0, Ada/3, 2"], ["line 1", "0 or 1"]),
        ("split 0", ["0, 1, Ada/0, Ada/3, 1"], ["line 1", "splits from 1"]),
        ("split 2 first", good[2:], ["line 1", "pair 1 of split 1", "pair 1 of split 2"]),
        ("a pair left out", good[:1] + ["1, 3, Bo_B/1, Ada/0, 0"], ["line 2", "pair 2 of split 1", "pair 3 of split 1"]),
        ("a short split", good[:3], ["line 4", "split 2 of 2 pairs, as the first", "its end after 1"]),
        ("a long split", good + ["2, 3, Cy/0, Ada/0, 0"], ["line 6", "split 2 of 2 pairs", "its end after 3"]),
        ("labels against names", ["1, 1, Ada/0, Ada/3, 0"], ["line 1", "two people", "Ada twice"]),
        ("names against labels", ["1, 1, Ada/0, Cy/0, 1"], ["line 1", "one person in a mated pair", "Ada and Cy"]),
        ("a pair twice", good[:2] + ["1, 3, Ada/0, Bo_B/1, 0"], ["line 3", "the pair of line 2 again"]),
        ("a missing video", ["1, 1, Ada/0, Ada/1, 1"], ["line 1", "Ada/1", "Ada_1.npz", "no such video"]),
        ("a way out", ["1, 1, Ada/0, ../Ada, 0"], ["line 1", "a video `Person/number`"]),
        ("no number", ["1, 1, Ada/0, Ada, 0"], ["line 1", "a video `Person/number`"]),
        ("a deep path", ["1, 1, Ada/0, Ada/3/1, 1"], ["line 1", "a video `Person/number`"]),
    ]:
        yield of(name, "ytf", rows, "folders", ["splits.txt"] + says)
    yield of("no frames", "ytf", ["1, 1, Ada/0, Eve/0, 0"], "folders", ["splits.txt", "line 1", "frames in", "no image"],
             ["other/Eve/0/notes.txt"])
    yield of("both kinds of frames", "ytf", good, "frames", ["frame_images_DB and aligned_images_DB", "name one of them"],
             ["db/aligned_images_DB/Ada/0/aligned_detect_0.1.jpg"])


# CFP

N_FOLDS, PEOPLE_PER_FOLD = 10, 2


def cfp_database():
    """Two people a fold, 3 frontal and 2 profile images each: files, and what FF and FP compare."""
    people = range(1, N_FOLDS * PEOPLE_PER_FOLD + 1)
    frontal = [(f"{person:03d}", "frontal", image) for person in people for image in (1, 2, 3)]
    profile = [(f"{person:03d}", "profile", image) for person in people for image in (1, 2)]

    def path(image):
        return f"../Data/Images/{image[0]}/{image[1]}/{image[2]:02d}.jpg"

    files = empty(f"cfp/{path(image)[3:]}" for image in frontal + profile)
    for letter, images in (("F", frontal), ("P", profile)):
        rows = (f"{number} {path(image)}" for number, image in enumerate(images, 1))
        files[f"cfp/Protocol/Pair_list_{letter}.txt"] = text(rows)
    protocols = {}
    for views, second in (("FF", frontal), ("FP", profile)):
        expected = protocols[views] = Protocol(f"cfp-{views.lower()}", N_FOLDS)
        per_person = len(second) // len(people)
        for fold in range(N_FOLDS):
            a, b = 3 * 2 * fold + 1, per_person * 2 * fold + 1
            # Both orders of one pair of frontal images, as the official list has them.
            pairs = {"same": [(a, b + 1), (a + 1, b)], "diff": [(a, b + per_person), (a + 3, b)]}
            for file, mated in (("same", True), ("diff", False)):
                files[f"cfp/Protocol/Split/{views}/{fold + 1:02d}/{file}.txt"] = text(f"{i},{j}" for i, j in pairs[file])
                for number, (i, j) in enumerate(pairs[file], 1):
                    sides = [frontal[i - 1], second[j - 1]]
                    items = [(path(side)[15:], side[0], [f"cfp/{path(side)[3:]}"]) for side in sides]
                    expected.add(*items, mated, fold, number)
    return files, protocols


def cfp_cases(protocols):
    def of(name, views, files, outcome, images="cfp"):
        return case(f"cfp: {name}", f"cfp-{views.lower()}", "", images, files, outcome)

    yield of("frontal with frontal", "FF", {}, protocols["FF"])
    yield of("frontal with profile", "FP", {}, protocols["FP"])
    yield of("its protocol's folder", "FP", {}, protocols["FP"], images="cfp/Protocol")

    def spoil(file, content):
        return {f"cfp/Protocol/{file}": content}

    def without(path):
        return {path: None}

    same = "Split/FP/02/same.txt"
    for name, files, says in [
        ("no protocol", without("cfp/Protocol/Pair_list_F.txt"), ["Protocol/Pair_list_F.txt is missing"]),
        ("no profiles", without("cfp/Protocol/Pair_list_P.txt"), ["Pair_list_P.txt"]),
        ("a fold less", without("cfp/Protocol/Split/FP/10/diff.txt"), ["Split/FP/10/diff.txt"]),
        ("a missing image", without("cfp/Data/Images/001/profile/02.jpg"),
         ["Pair_list_P.txt, line 2", "profile/02.jpg", "no such image"]),
        ("a list out of order", spoil("Pair_list_P.txt", "1 ../Data/Images/001/profile/01.jpg\n3 x\n"),
         ["Pair_list_P.txt, line 2", "`2` and the path", '"3 x"']),
        ("an image of nobody", spoil("Pair_list_F.txt", "1 01.jpg\n"), ["Pair_list_F.txt, line 1", "a path"]),
        ("no pair", spoil(same, "7;5\n"), ["02/same.txt, line 1", "a pair `i,j`", '"7;5"']),
        ("index 0", spoil(same, "7,0\n"), ["02/same.txt, line 1", "an index from 1 to 40", "Pair_list_P.txt", "got 0"]),
        ("an index beyond", spoil(same, "7,5\n61,5\n"), ["02/same.txt, line 2", "an index from 1 to 60", "got 61"]),
        ("a short file", spoil(same, "7,5\n"), ["02/same.txt, line 2", "2 pairs, as in the first file", "after 1"]),
        ("a long file", spoil(same, "7,5\n7,6\n8,6\n"), ["02/same.txt, line 4", "2 pairs", "after 3"]),
        ("an empty first file", spoil("Split/FP/01/same.txt", ""), ["01/same.txt, line 1", "1 pairs", "after 0"]),
        ("a pair twice", spoil(same, "7,5\n7,5\n"), ["02/same.txt, line 2", "the pair of line 1 again"]),
        ("a pair in two folds", spoil(same, "1,2\n7,5\n"), ["02/same.txt, line 1", "01/same.txt, line 1, again"]),
        ("two people in same.txt", spoil(same, "7,7\n"), ["02/same.txt, line 1", "one person", "003 and 004"]),
        ("one person in diff.txt", spoil("Split/FP/02/diff.txt", "7,5\n"), ["02/diff.txt, line 1", "two people"]),
    ]:
        yield of(name, "FP", files, says)
    # Both orders are two pairs, one order twice is not.
    yield of("a frontal pair twice", "FF", spoil("Split/FF/02/same.txt", "7,8\n7,8\n"),
             ["02/same.txt, line 2", "the pair of line 1 again"])


# MegaFace


def feature_file(rows, columns, step, kind, values, form="<"):
    return struct.pack(f"{form}4i", rows, columns, step, kind) + np.asarray(values, form + "f4").tobytes()


def megaface_lists():
    probes = {"path": ["A B/A B_1.png", "A B/A B_10.png", "C/C_é.png"], "id": ["A B", "A B", "C"]}
    files = [f"images/{path}" for path in probes["path"]]
    items = [[path, person, [f"images/{path}"]] for path, person in zip(*probes.values())]
    yield {"name": "probes", "json": json.dumps(probes), "files": files, "items": items}
    distractors = {"id": [7, "8@N01"], "path": ["1/2/a.jpg_0.png", "1/3/a.jpg_0.png"], "size": 2}
    items = [["1/2/a.jpg_0.png", "7", []], ["1/3/a.jpg_0.png", "8@N01", []]]
    yield {"name": "distractors", "json": json.dumps(distractors, indent=1), "files": None, "items": items}
    for name, content, says in [
        ("empty", "", ["line 1", "the JSON"]),
        ("cut off", '{"path": ["a"],\n "id": [', ["line 2", "the JSON"]),
        ("no identities", '{"path": ["a"]}', ["the JSON", "id"]),
        ("a number for a path", '{"path": [1], "id": [1]}', ["line 1", "the JSON"]),
        ("an identity less", '{"path": ["a", "b"], "id": ["x"]}', ["entry 1", "2 paths and 1 identities"]),
        ("a path less", '{"path": [], "id": ["x"]}', ["entry 0", "0 paths and 1 identities"]),
        ("a way out", '{"path": ["a", "x/../../b"], "id": ["x", "x"]}', ["entry 1", "below the images' folder", "../b"]),
        ("from the root", '{"path": ["/etc/passwd"], "id": ["x"]}', ["entry 0", "below the images' folder"]),
        ("no path", '{"path": [""], "id": ["x"]}', ["entry 0", "below the images' folder"]),
        ("a path twice", '{"path": ["a", "b", "a"], "id": ["x", "y", "x"]}', ["entry 2", "not in the list yet"]),
    ]:
        yield {"name": name, "json": content, "files": None, "error": ["list.json"] + says}
    yield {"name": "a missing image", "json": '{"path": ["a.png", "b.png"], "id": ["x", "y"]}', "files": ["images/a.png"],
           "error": ["list.json, entry 1", "b.png", "not there"]}


def megaface_features():
    values = np.random.default_rng(3).standard_normal(6).astype(np.float32)
    for name, file in [("column", feature_file(6, 1, 4, 5, values)), ("row", feature_file(1, 6, 24, 5, values))]:
        yield name, file, values.tolist()
    yield "one element", feature_file(1, 1, 4, 5, [-0.5]), [-0.5]
    for name, file, says in [
        ("empty", b"", ["byte 0", "a header of 16 bytes", "got 0"]),
        ("half a header", feature_file(6, 1, 4, 5, [])[:15], ["byte 0", "a header", "got 15"]),
        ("no rows", feature_file(0, 1, 4, 5, []), ["byte 0", "a column or a row", "0 × 1"]),
        ("rows below 0", feature_file(-1, 1, 4, 5, values), ["byte 0", "-1 × 1"]),
        ("a matrix", feature_file(2, 3, 12, 5, values), ["byte 0", "2 × 3"]),
        ("another step", feature_file(6, 1, 8, 5, values), ["byte 8", "4 × 1 bytes", "got 8"]),
        ("a step that overflows", feature_file(1, 2**30, 0, 5, values), ["byte 8", "got 0"]),
        ("f64", feature_file(6, 1, 4, 6, values), ["byte 12", "type 5", "got 6"]),
        ("big endian", feature_file(6, 1, 4, 5, values, ">"), ["byte 0"]),
        ("an element less", feature_file(7, 1, 4, 5, values), ["byte 16", "4 × 7 bytes", "got 24"]),
        ("an element more", feature_file(5, 1, 4, 5, values), ["byte 16", "4 × 5 bytes", "got 24"]),
        ("half an element", feature_file(6, 1, 4, 5, values) + b"\0\0", ["byte 16", "got 26"]),
        ("more than there is", feature_file(2**31 - 1, 1, 4, 5, values), ["byte 16", "got 24"]),
        ("not a number", feature_file(3, 1, 4, 5, [1, 2, np.nan]), ["byte 24", "a finite number", "NaN"]),
        ("infinite", feature_file(2, 1, 4, 5, [np.inf, 2]), ["byte 16", "a finite number", "inf"]),
    ]:
        yield name, file, ["face.bin"] + says


def megaface():
    noises = text(["# wrong in FaceScrub", "Adam_Brody_2.png", "", "FlickrFinal2/1/x.jpg", "  #12", "Bob 1.png "])
    is_noise = [
        ["Adam Brody/Adam Brody_2.png", True], ["Adam_Brody_2.png", True], ["Adam_Brody_20.png", False],
        ["data/FlickrFinal2/1/x.jpg", True], ["Final2/1/x.jpg", False], ["1/x.jpg", False], ["Bob_1.png", True],
        ["x/NotBob_1.png", False], ["#12", False], ["", False],
    ]
    features = []
    for name, file, outcome in megaface_features():
        kind = "error" if isinstance(outcome[0], str) else "values"
        features.append({"name": name, "file": base64.b64encode(file).decode("ascii"), kind: outcome})
    return {"lists": [*megaface_lists()], "noises": {"text": noises, "n": 3, "is_noise": is_noise}, "features": features}


# IJB-B and IJB-C


def ijb_templates():
    """Templates of two galleries and of probes: (number, subject, [(medium, [(file, box)])])."""
    def still(number, box=None):
        return (f"img/{number}.png", [(f"img/{number}.png", box)])

    def video(number, frames):
        return (f"frames/{number}", [(f"frames/{number}_{frame}.png", [frame, 2.5, 30, 40]) for frame in frames])

    first = [(1, 70, [still(1, [0, 0, 10, 12]), still(2)]), (5, 71, [still(3, [-3, 4, 50.5, 60])])]
    second = [(9, 72, [still(4, [1, 1, 2, 2]), video(8, [11, 12])])]
    # One image in two templates; a subject of no gallery; a subject nobody knows.
    probes = [(12, 71, [video(7, [1, 10]), still(1, [5, 5, 6, 6])]), (13, 99, [still(6, [0, 1, 2, 3])]),
              (20, None, [video(6, [3])])]
    return first, second, probes


def flat(templates, faces=None):
    """As the JSON has them; `faces` gives the faces of a template, where they are not its files and boxes."""
    result = []
    for number, subject, media in templates:
        own = iter(faces[number] if faces else [[file, box, None, None] for _, files in media for file, box in files])
        result.append([number, subject, [[name, [next(own) for _ in files]] for name, files in media]])
    return result


def ijb_csv(templates, header):
    rows = [header]
    for number, subject, media in templates:
        for name, faces in media:
            for file, box in faces:
                cells = {"TEMPLATE_ID": number, "SUBJECT_ID": "NaN" if subject is None else subject, "GENDER": 1}
                cells |= zip(IJBC_HEADER[3:], ["NaN"] * 4 if box is None else box)
                cells |= {"FILENAME": file, "FILE": file, "SIGHTING_ID": f"s{name}", "MEDIA_ID": name}
                rows.append([cells[column] for column in header])
    return text(",".join(map(str, row)) for row in rows)


IJBC_HEADER = ["TEMPLATE_ID", "SUBJECT_ID", "FILENAME", "FACE_X", "FACE_Y", "FACE_WIDTH", "FACE_HEIGHT"]
IJBB_HEADER = IJBC_HEADER[:3] + ["SIGHTING_ID"] + IJBC_HEADER[3:] + ["GENDER"]
IJBA_HEADER = ["TEMPLATE_ID", "SUBJECT_ID", "FILE", "MEDIA_ID", "SIGHTING_ID"]
MATCHES = [(1, 12), (5, 12), (9, 13), (12, 9)]


def ijb_official():
    first, second, probes = ijb_templates()
    known = probes[:2]
    images = empty(f"images/{file}" for t in (*first, *second, *probes) for _, faces in t[2] for file, _ in faces)

    def files(release, header, probes=probes, matches=MATCHES):
        names = {"b": ("ijbb", "S1", "S2"), "c": ("ijbc", "G1", "G2")}[release]
        lists = {f"1N_gallery_{names[1]}": first, f"1N_gallery_{names[2]}": second, "1N_probe_mixed": probes}
        texts = {f"lists/{names[0]}_{name}.csv": ijb_csv(templates, header) for name, templates in lists.items()}
        texts[f"lists/{names[0]}_11_{names[1]}_{names[2]}_matches.csv"] = text(f"{a},{b}" for a, b in matches)
        return texts | images

    def renamed(templates, prefix):
        return [(number, subject, [(prefix + name, faces) for name, faces in media]) for number, subject, media in templates]

    def without_boxes(templates):
        return [(number, subject, [(name, [(file, None) for file, _ in faces]) for name, faces in media])
                for number, subject, media in templates]

    pairs = [[0, 3, False], [1, 3, True], [2, 4, False], [3, 2, False]]
    templates = first + second + known
    for name, release, header, expected in [
        ("1:1 of IJB-C", "c", IJBC_HEADER, templates),
        ("1:1 of IJB-B", "b", IJBB_HEADER, renamed(templates, "s")),
        ("media before sightings", "c", IJBA_HEADER, without_boxes(templates)),
    ]:
        yield {"name": name, "release": release, "form": "official", "read": "verification",
               "files": files(release, header, known), "verification": {"templates": flat(expected), "pairs": pairs}}
    for name, release, header, prefix, galleries in [
        ("1:N of IJB-C", "c", IJBC_HEADER, "", ("G1", "G2")), ("1:N of IJB-B", "b", IJBB_HEADER, "s", ("S1", "S2")),
    ]:
        searched = [flat(renamed(list_, prefix)) for list_ in (first, second, probes)]
        yield {"name": name, "release": release, "form": "official", "read": "identification",
               "files": files(release, header),
               "identification": {"galleries": list(map(list, zip(galleries, searched))), "probes": searched[2]}}

    mixed = [["frames/1", [("frames/1_2.png", [1, 1, 1, 1]), ("frames/1_0.png", [2, 2, 2, 2])]],
             ["img/2.png", [("img/2.png", [1, 1, 1, 1])]]]
    interleaved = [(12, 71, [mixed[0][:1] + [mixed[0][1][:1]], mixed[1], mixed[0][:1] + [mixed[0][1][1:]]])]
    yield {"name": "frames apart from each other", "release": "c", "form": "official", "read": "verification",
           "files": files("c", IJBC_HEADER, interleaved, [(1, 12)]) | empty(["images/frames/1_2.png", "images/frames/1_0.png"]),
           "verification": {"templates": flat(first + second + [(12, 71, mixed)]), "pairs": [[0, 3, False]]}}

    good = files("c", IJBC_HEADER)
    probe_list, match_list = "lists/ijbc_1N_probe_mixed.csv", "lists/ijbc_11_G1_G2_matches.csv"
    head = ",".join(IJBC_HEADER)
    spoilt = [
        ("no gallery", {"lists/ijbc_1N_gallery_G2.csv": None}, ["ijbc_1N_gallery_G2.csv"]),
        ("an empty list", {probe_list: ""}, ["mixed.csv, line 1", "a header with TEMPLATE_ID", "an empty file"]),
        ("no header", {probe_list: "1,2,img/1.png\n"}, ["mixed.csv, line 1", "a header with TEMPLATE_ID"]),
        ("a column less", {probe_list: f"{head}\n12,71,img/1.png\n"}, ["mixed.csv, line 2", "7 columns", "got 3"]),
        ("no template", {probe_list: f"{head}\nx,71,img/1.png,1,1,1,1\n"}, ["line 2", "number of a template", '"x"']),
        ("no subject", {probe_list: f"{head}\n12,-1,img/1.png,1,1,1,1\n"}, ["line 2", "number of a subject", '"-1"']),
        ("a missing image", {probe_list: f"{head}\n12,71,img/9.png,1,1,1,1\n"},
         ["mixed.csv, line 2", "img/9.png", "not there"]),
        ("half a box", {probe_list: f"{head}\n12,71,img/1.png,1,NaN,1,1\n"}, ["line 2", "a number as y"]),
        ("a box of negative width", {probe_list: f"{head}\n12,71,img/1.png,1,1,-1,1\n"}, ["line 2", "no negative side"]),
        ("two subjects", {probe_list: f"{head}\n12,71,img/1.png,1,1,1,1\n12,72,img/2.png,1,1,1,1\n"},
         ["mixed.csv, line 3", "subject 71 in template 12", "got subject 72"]),
        ("a template in two lists", {probe_list: f"{head}\n5,71,img/1.png,1,1,1,1\n"},
         ["mixed.csv, line 2", "that no other list has", "template 5 again"]),
        ("no match", {match_list: "1,12\n1 2 3 4\n"}, ["matches.csv, line 2", "two templates, and 0, 1 or nothing"]),
        ("a match of letters", {match_list: "a,12\n"}, ["matches.csv, line 1", "two templates"]),
        ("an unknown template", {match_list: "1,12\n\n1,2\n"},
         ["matches.csv, line 3", "a template of the lists", "got template 2"]),
        ("a template with itself", {match_list: "1,1\n"}, ["matches.csv, line 1", "template 1 twice"]),
        ("a match twice", {match_list: "1,12\n12,1\n"}, ["matches.csv, line 2", "not in the list yet"]),
        ("an unknown subject", {match_list: "1,20\n"},
         ["matches.csv, line 1", "a label, or templates of known subjects"]),
        ("a label against subjects", {match_list: "1,12,1\n"}, ["matches.csv, line 1", "0 by the subjects", "got 1"]),
        ("mated people with label 0", {match_list: "5 12 0\n"}, ["matches.csv, line 1", "1 by the subjects", "got 0"]),
    ]
    for name, change, says in spoilt:
        yield {"name": name, "release": "c", "form": "official", "read": "verification",
               "files": {path: data for path, data in (good | change).items() if data is not None}, "error": says}


def ijb_packed():
    """The same templates as InsightFace packs them: a crop for every face of every template."""
    first, second, probes = ijb_templates()
    rng = np.random.default_rng(5)
    faces, points, crops, packed = [], [], {}, []
    for number, _, media in first + second + probes:
        own, crops[number] = [], []
        for medium, (_, frames) in enumerate(media, 10 * number):
            for _ in frames:
                crop = f"{len(faces) + 1}.jpg"
                values, score = rng.uniform(0, 200, 10).astype(np.float32), np.float32(rng.uniform())
                faces.append(f"{crop} {number} {medium}")
                points.append(" ".join([crop, *map(str, values), str(score)]))
                crops[number].append([crop, None, values.tolist(), float(score)])
            own.append((str(medium), frames))
        packed.append((number, None, own))
    files = empty(f"images/{line.split()[0]}" for line in faces) | {
        "lists/ijbb_face_tid_mid.txt": text(faces),
        "lists/ijbb_name_5pts_score.txt": text(points),
        "lists/ijbb_template_pair_label.txt": text(f"{a} {b} {int((a, b) == (5, 12))}" for a, b in MATCHES),
    }
    for name, templates in (("gallery_S1", first), ("gallery_S2", second), ("probe_mixed", probes)):
        files[f"lists/ijbb_1N_{name}.csv"] = ijb_csv(templates, IJBB_HEADER)

    def of(name, read, outcome, change=None):
        data = {path: data for path, data in (files | (change or {})).items() if data is not None}
        return {"name": name, "release": "b", "form": "packed", "read": read, "files": data} | outcome

    pairs = [[0, 3, False], [1, 3, True], [2, 4, False], [3, 2, False]]
    yield of("packed 1:1", "verification", {"verification": {"templates": flat(packed, crops), "pairs": pairs}})
    subjects = {number: subject for number, subject, _ in first + second + probes}
    by_number = {number: (number, subjects[number], media) for number, _, media in packed}
    searched = [flat([by_number[number] for number, _, _ in list_], crops) for list_ in (first, second, probes)]
    yield of("packed 1:N", "identification",
             {"identification": {"galleries": [["S1", searched[0]], ["S2", searched[1]]], "probes": searched[2]}})
    face_list, point_list = "lists/ijbb_face_tid_mid.txt", "lists/ijbb_name_5pts_score.txt"
    for name, read, change, says in [
        ("no landmarks", "verification", {point_list: None}, ["ijbb_name_5pts_score.txt"]),
        ("a face less", "verification", {face_list: text(faces[:-1])},
         [f"score.txt, line {len(faces)}", "no more faces than"]),
        ("a face more", "verification", {point_list: text(points[:-1])},
         [f"mid.txt, line {len(faces)}", "no more faces than"]),
        ("another order", "verification", {point_list: text(points[::-1])}, ["score.txt, line 1", "the image 1.jpg"]),
        ("a point less", "verification", {point_list: text(p.rsplit(" ", 1)[0] for p in points)},
         ["score.txt, line 1", "x1 y1"]),
        ("no number", "verification", {point_list: points[0].replace(" ", " x", 1) + "\n"},
         ["score.txt, line 1", "left_eye_x"]),
        ("no medium", "verification", {face_list: "1.jpg 1\n"}, ["mid.txt, line 1", "`image template medium`"]),
        ("no template", "verification", {face_list: "1.jpg 1.0 1\n"}, ["mid.txt, line 1", "number of a template"]),
        ("a missing crop", "verification", {"images/2.jpg": None}, ["mid.txt, line 2", "2.jpg", "not there"]),
        ("no label", "verification", {"lists/ijbb_template_pair_label.txt": "1 12\n"}, ["label.txt, line 1", "a label"]),
        ("a gallery of others", "identification", {"lists/ijbb_1N_gallery_S2.csv": "TEMPLATE_ID,SUBJECT_ID,FILENAME\n77,1,x\n"},
         ["S2.csv, line 2", "a template of the packed lists", "got 77"]),
    ]:
        yield of(f"packed: {name}", read, {"error": says}, change)


# BLUFR

BLUFR_IMAGES = ["Ada_0001.jpg", "Ada_0002.jpg", "Bo_B_0001.jpg", "Cy_0003.jpg", "Cy_0010.jpg", "Dé_0001.jpg"]


def blufr_variables():
    def cells(*lists):
        column = np.empty((len(lists), 1), object)
        column[:, 0] = [np.array(list_, float).reshape(-1, 1) for list_ in lists]
        return column

    names = np.empty((len(BLUFR_IMAGES), 1), object)
    names[:, 0] = BLUFR_IMAGES
    return {
        "imageList": names,
        "labels": np.array([[1], [1], [2], [3], [3], [4]], np.float64),
        "devTrainIndex": np.array([[1], [6]], np.uint16),
        "devTestIndex": np.array([[2, 3]], np.int32),
        "trainIndex": cells([1, 2], [3]),
        "testIndex": cells([3, 4, 5, 6], [6, 5, 1, 2, 4]),
        "galIndex": cells([4], [1, 5]),
        "probIndex": cells([5, 3], [2, 4]),
    }


def blufr_benchmark(folder):
    """As the variables say, indices from 0; images lie in a folder a person, or side by side."""
    items = []
    for name in BLUFR_IMAGES:
        person = name.rsplit("_", 1)[0]
        items.append([f"{person}/{name}", person, [f"{folder}/{person}/{name}" if folder == "lfw" else f"{folder}/{name}"]])
    trials = [[[0, 1], [2, 3, 4, 5], [3], [4, 2]], [[2], [5, 4, 0, 1, 3], [0, 4], [1, 3]]]
    return {"items": items, "dev": [[0, 5], [1, 2]], "trials": trials}


def mat(variables, **options):
    file = io.BytesIO()
    scipy.io.savemat(file, variables, **options)
    return undated(file.getvalue())


def undated(data):
    """The first 116 bytes are text with the time."""
    return b"MATLAB 5.0 MAT-file".ljust(116) + data[116:]


def element(kind, data):
    return struct.pack("<2I", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(matrix_class, sides, name, *content):
    head = element(6, struct.pack("<2I", matrix_class, 0)) + element(5, struct.pack(f"<{len(sides)}i", *sides))
    return element(14, head + element(1, name) + b"".join(content))


def text_matrix(value, kind, encoding):
    data = value.encode(encoding)
    return matrix(4, (1, len(value)), b"", element(kind, data))


def by_hand():
    """The variables as MATLAB might write them: text of 16 and 32 bits, every type of number, short elements."""
    forms = [(4, "utf-16-le"), (17, "utf-16-le"), (16, "utf-8"), (18, "utf-32-le"), (2, "ascii"), (4, "utf-16-le")]
    names = [text_matrix(name, *form) for name, form in zip(BLUFR_IMAGES, forms)]
    short = struct.pack("<2H4s", 2, 2, bytes([1, 6]))
    compressed = zlib.compress(matrix(6, (6, 1), b"labels", element(9, struct.pack("<6d", 1, 1, 2, 3, 3, 4))))

    def numbers(matrix_class, form, kind, *values, name=b""):
        return matrix(matrix_class, (len(values), 1), name, element(kind, struct.pack(f"<{len(values)}{form}", *values)))

    def cells(name, *content):
        return matrix(1, (len(content), 1), name, *content)

    variables = [
        element(9, b"no matrix"),
        matrix(2, (1, 1), b"a struct", element(5, struct.pack("<i", 8)), element(1, b"")),
        matrix(6, (2, 1), b"imaginary", element(9, struct.pack("<2d", 1, 2)), element(9, struct.pack("<2d", 3, 4))),
        element(14, element(6, struct.pack("<2I", 17, 0)) + b"opaque: other parts.\0\0\0\0"),
        cells(b"imageList", *names),
        struct.pack("<2I", 15, len(compressed)) + compressed,
        matrix(9, (2, 1), b"devTrainIndex", short),
        numbers(12, "i", 5, 2, 3, name=b"devTestIndex"),
        cells(b"trainIndex", numbers(14, "q", 12, 1, 2), numbers(15, "Q", 13, 3)),
        cells(b"testIndex", numbers(10, "h", 3, 3, 4, 5, 6), numbers(11, "H", 4, 6, 5, 1, 2, 4)),
        cells(b"galIndex", numbers(7, "f", 7, 4), numbers(8, "b", 1, 1, 5)),
        cells(b"probIndex", numbers(13, "I", 6, 5, 3), numbers(6, "d", 9, 2, 4)),
    ]
    return mat({})[:128] + b"".join(variables)


def blufr():
    good, variables = mat(blufr_variables()), blufr_variables()
    yield "stored", good, blufr_benchmark("lfw")
    yield "compressed", mat(variables, do_compression=True), blufr_benchmark("lfw")
    yield "rows", mat(variables, oned_as="row"), blufr_benchmark("lfw")
    yield "side by side", good, blufr_benchmark("flat")
    yield "by hand", by_hand(), blufr_benchmark("lfw")

    def spoilt(**change):
        data = {name: value for name, value in (variables | change).items() if value is not None}
        return mat(data, do_compression=True)

    def column(*values):
        return np.array(values, float).reshape(-1, 1)

    def cells(*values):
        result = np.empty((len(values), 1), object)
        result[:, 0] = values
        return result

    for name, change, says in [
        ("no labels", {"labels": None}, ["the variable labels is missing"]),
        ("no probes", {"probIndex": None}, ["the variable probIndex is missing"]),
        ("names of no cells", {"imageList": column(1)}, ["a cell array imageList", "another kind"]),
        ("a number for a name", {"imageList": cells(*BLUFR_IMAGES[:5], column(1))}, ["entry 5", "text in imageList"]),
        ("a label less", {"labels": column(1, 1, 2, 3, 3)}, ["entry 5", "6 labels, as in imageList", "got 5"]),
        ("labels of text", {"labels": "text"}, ["numbers in labels"]),
        ("complex labels", {"labels": column(1, 1, 2, 3, 3, 4) * 1j}, ["numbers in labels"]),
        ("one label of two", {"labels": column(1, 1, 2, 2, 2, 4)},
         ["entry 3", "one label for every person", "label 2 for Cy"]),
        ("two labels of one", {"labels": column(1, 5, 2, 3, 3, 4)},
         ["entry 1", "one label for every person", "label 5 for Ada"]),
        ("a name of nobody", {"imageList": cells(*BLUFR_IMAGES[:5], "0001.jpg")},
         ["entry 5", "Name_0001.jpg", '"0001.jpg"']),
        ("a way out", {"imageList": cells(*BLUFR_IMAGES[:5], "../Dé_0001.jpg")}, ["entry 5", "Name_0001.jpg"]),
        ("a missing image", {"imageList": cells(*BLUFR_IMAGES[:5], "Dé_0002.jpg")},
         ["entry 5", "Dé_0002.jpg", "no such image"]),
        ("index 0", {"devTestIndex": column(1, 0)}, ["entry 1", "in devTestIndex, an index from 1 to 6", "got 0"]),
        ("an index beyond", {"devTrainIndex": column(7)}, ["entry 0", "in devTrainIndex, an index from 1 to 6", "got 7"]),
        ("half an index", {"devTrainIndex": column(1.5)}, ["entry 0", "an index from 1 to 6", "got 1.5"]),
        ("an index of no number", {"devTrainIndex": column(np.nan)}, ["entry 0", "an index from 1 to 6", "NaN"]),
        ("an index twice", {"trainIndex": cells(column(1), column(2, 3, 2))},
         ["entry 2", "in trainIndex", "once", "got 2"]),
        ("indices of text", {"galIndex": cells("4", column(1))}, ["numbers in galIndex"]),
        ("a trial less", {"galIndex": cells(column(4))}, ["as many trials", "[2, 2, 1, 2]"]),
        ("no trials", {name: cells() for name in ("trainIndex", "testIndex", "galIndex", "probIndex")}, ["[0, 0, 0, 0]"]),
        ("a training image searched", {"galIndex": cells(column(4), column(3))},
         ["entry 1", "test images in galIndex", "index 3"]),
        ("an enrolled probe", {"probIndex": cells(column(5, 4), column(2))},
         ["entry 0", "one of gallery and probes", "index 4"]),
    ]:
        yield name, spoilt(**change), says

    head = good[:128]

    def headed(*parts):
        return head + b"".join(parts)

    deep = matrix(6, (0, 0), b"", element(9, b""))
    for _ in range(20):
        deep = matrix(1, (1, 1), b"", deep)
    for name, data, says in [
        ("empty", b"", ["byte 124", "level 5", "the end of the file after 0 bytes"]),
        ("no MAT-file", bytes(200), ["byte 124", "level 5", "other bytes"]),
        ("level 7.3", b"MATLAB 7.3 MAT-file".ljust(600), ["level 7.3 (HDF5) is not supported", "save -v7"]),
        ("big endian", good[:124] + b"\1\0MI", ["big-endian MAT-file is not supported"]),
        ("half an element", headed(b"1234"), ["byte 128", "8 bytes or more", "got 4"]),
        ("cut off", good[:-40], ["bytes of an element", "until the end"]),
        ("a small element of 5", headed(struct.pack("<2H4s", 2, 5, b"abcd")), ["byte 128", "4 bytes at most"]),
        ("no flags", headed(element(14, element(6, b"1234"))), ["byte 144", "8 bytes of flags", "got 4"]),
        ("only flags", headed(element(14, element(6, struct.pack("<2I", 6, 0)))),
         ["byte 152", "the dimensions", "end of the matrix"]),
        ("sides below 0", headed(matrix(6, (-1, 1), b"labels", element(9, b""))), ["the dimensions of a matrix"]),
        ("more than fits", headed(matrix(6, (2**31 - 1,) * 3, b"labels", element(9, b""))),
         ["the dimensions of a matrix"]),
        ("a billion numbers", headed(matrix(6, (2**15, 2**15), b"labels", element(9, b""))),
         ["100000000 at most", "got 1073741824"]),
        ("a billion cells", headed(matrix(1, (2**15, 2**15), b"labels")), ["100000000 at most"]),
        ("cells in cells in cells", headed(matrix(1, (1000, 1000), b"x", deep)),
         ["cells within cells 16 deep"]),
        ("cells that are not there", headed(matrix(1, (3, 1), b"x", matrix(6, (0, 0), b"", element(9, b"")))),
         ["a cell", "the end of the matrix"]),
        ("a number in a cell", headed(matrix(1, (1, 1), b"x", element(9, bytes(8)))), ["a matrix in a cell", "type 9"]),
        ("a number less", headed(matrix(6, (3, 1), b"x", element(9, bytes(16)))), ["3 numbers", "16 bytes of type 9"]),
        ("numbers of no type", headed(matrix(6, (1, 1), b"x", element(8, bytes(8)))), ["1 numbers", "8 bytes of type 8"]),
        ("text of no kind", headed(matrix(4, (1, 1), b"x", element(9, bytes(8)))), ["text", "8 bytes of type 9"]),
        ("half a character", headed(matrix(4, (1, 1), b"x", element(16, b"\xc3"))), ["text", "1 bytes of type 16"]),
        ("half a surrogate", headed(matrix(4, (1, 1), b"x", element(17, b"\0\xd8"))), ["text", "2 bytes of type 17"]),
        ("no zlib", headed(struct.pack("<2I", 15, 4) + b"abcd"), ["byte 136", "zlib's format"]),
        ("broken inside", headed(struct.pack("<2I", 15, len(bad := zlib.compress(element(14, element(6, b"12345"))))) + bad),
         ["byte 136", "8 bytes of flags"]),
    ]:
        yield name, data, says


def blufr_fields():
    files = [f"lfw/{name.rsplit('_', 1)[0]}/{name}" for name in BLUFR_IMAGES] + [f"flat/{name}" for name in BLUFR_IMAGES]
    cases = []
    for name, data, outcome in blufr():
        encoded = base64.b64encode(data).decode("ascii")
        case_ = {"name": name, "images": "flat" if name == "side by side" else "lfw", "file": encoded}
        cases.append(case_ | ({"error": ["blufr.mat"] + outcome} if isinstance(outcome, list) else {"benchmark": outcome}))
    return {"files": files, "mat": cases}


# LFW's people

LFW_PEOPLE = {"Ada_B": ["Ada_B_0001.jpg", "Ada_B_0002.png"], "Cy": ["Cy_0001.jpg"], "Eve": ["Eve_0001.webp"],
              "Gap": ["Gap_0001.jpg", "Gap_0003.jpg"]}


def people():
    def person(name):
        return [name, name, [f"lfw/{name}/{file}" for file in LFW_PEOPLE[name]]]

    view_1 = [[person("Ada_B"), person("Eve")]]
    view_2 = [[person("Cy")], [person("Eve"), person("Ada_B")]]
    lists = [
        ("view 1", "2\nAda_B\t2\nEve\t1\n", view_1),
        ("spaces and empty lines", "2\r\n\r\nAda_B  2\r\nEve 1", view_1),
        ("view 2", "2\n1\nCy\t1\n2\nEve\t1\nAda_B\t2\n", view_2),
    ]
    lists += [(name, content, ["people.txt"] + says) for name, content, says in [
        ("empty", "", ["line 1", "the number of people, or of folds", "the end of the file"]),
        ("nobody", "0\n", ["line 1", "1 or more", '"0"']),
        ("a person first", "Cy 1\n", ["line 1", "the number of people", "Cy 1"]),
        ("three words", "1\nCy 1 2\n", ["line 2", "a number, or `name n`"]),
        ("no image", "1\nCy 0\n", ["line 2", "1 or more"]),
        ("a person less", "3\nCy 1\nEve 1\n", ["line 4", "3 people", "the end of the file"]),
        ("a person more", "1\nCy 1\nEve 1\n", ["line 3", "the end of the file, by the numbers", "Eve 1"]),
        ("a fold less", "2\n1\nCy 1\n", ["line 4", "the number of people of a fold", "the end of the file"]),
        ("a fold more", "1\n1\nCy 1\n1\nEve 1\n", ["line 4", "the end of the file, by the numbers", "got 1"]),
        ("a short fold", "2\n2\nCy 1\n1\nEve 1\n", ["line 4", "2 people", "got 1"]),
        ("a person twice", "2\nCy 1\nCy 1\n", ["line 3", "not in the list yet", "Cy"]),
        ("a person in two folds", "2\n1\nCy 1\n1\nCy 1\n", ["line 5", "not in the list yet", "Cy"]),
        ("an image less", "1\nCy 2\n", ["line 2", "Cy_0002.jpg", "no such image"]),
        ("an image more", "1\nAda_B 1\n", ["line 2", "1 images of Ada_B", "Ada_B/Ada_B_0002.png"]),
        ("a gap", "1\nGap 2\n", ["line 2", "Gap_0002.jpg", "no such image"]),
        ("a way out", "1\n../Cy 1\n", ["line 2", "a name without a path"]),
        ("more images than there can be", "1\nCy 18446744073709551615\n", ["100000000 at most"]),
    ]]
    files = [f"lfw/{name}/{file}" for name, names in LFW_PEOPLE.items() for file in names]
    kinds = ["folds" if isinstance(outcome[0], list) else "error" for _, _, outcome in lists]
    cases = [{"name": name, "text": content, kind: outcome} for kind, (name, content, outcome) in zip(kinds, lists)]
    return {"files": files, "lists": cases}


def main():
    cfp, cfp_protocols = cfp_database()
    write_golden("data_lists.json", "data_lists.py", ["numpy", "scipy"], {
        "cfp": cfp,
        "pairs": [*csv_cases(), *ytf_cases(), *cfp_cases(cfp_protocols)],
        "megaface": megaface(),
        "ijb": [*ijb_official(), *ijb_packed()],
        "blufr": blufr_fields(),
        "people": people(),
    })


if __name__ == "__main__":
    main()
