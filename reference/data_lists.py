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
"""

import base64
import json
import struct

import numpy as np

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


def main():
    cfp, cfp_protocols = cfp_database()
    pairs = [*csv_cases(), *ytf_cases(), *cfp_cases(cfp_protocols)]
    write_golden("data_lists.json", "data_lists.py", ["numpy"], {"cfp": cfp, "pairs": pairs, "megaface": megaface()})


if __name__ == "__main__":
    main()
