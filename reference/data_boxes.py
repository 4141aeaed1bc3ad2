"""Small lists of marked faces in every form, written here, and what a reader must make of them.

golden/data_boxes.json:
  images  paths of images, whose content does not matter
  cases   each: `name`; `form` (wider, dlib, voc, set); `list`, the path to open, and `images`, the folder of images; `subsets`
          (WIDER FACE: paths of MAT-files, or "flags"); `files`, path -> content, or {"base64": …}; and either `set` (`subsets`,
          and `images` of [name, faces], a face [box, whether it must be found, landmarks or null, subsets]) or `error`, texts
          that the message holds
"""

import base64
import xml.etree.ElementTree as xml

import numpy as np

from data_lists import mat
from golden_file import write_golden

IMAGES = ["img/0--Parade/a_1.jpg", "img/0--Parade/a_2.jpg", "img/1--Riot/b & c.jpg"]
NAMES = [image.removeprefix("img/") for image in IMAGES]


def face(box, must=True, landmarks=None, subsets=()):
    return [box, must, landmarks, list(subsets)]


def outcome(subsets, faces_of_images):
    return {"set": {"subsets": subsets, "images": [[name, faces] for name, faces in faces_of_images]}}


def case(name, form, list_path, files, result, subsets=(), images="img"):
    result = {"error": result} if isinstance(result, list) else result
    return {"name": name, "form": form, "list": list_path, "images": images, "subsets": list(subsets), "files": files} | result


# WIDER FACE

WIDER = [
    (NAMES[0], [(1, 2, 30, 40, 2, 0, 1, 0, 2, 1), (5, 5, 0, 9, 0, 0, 0, 0, 0, 0), (50, 60, 7, 8, 0, 1, 0, 1, 1, 0)]),
    (NAMES[1], []),
    (NAMES[2], [(9, 9, 10, 10, 1, 0, 0, 0, 0, 0)]),
]


def wider_text(rows=WIDER):
    text = ""
    for name, faces in rows:
        text += f"{name}\n{len(faces)}\n"
        for values in faces or [(0,) * 10]:
            text += " ".join(map(str, values)) + " \n"
    return text


def column(values):
    cells = np.empty((len(values), 1), object)
    cells[:, 0] = values
    return cells


def difficulty(numbers):
    """A MAT-file as WIDER FACE's, `numbers` by event and file."""
    events = sorted({name.split("/")[0] for name in NAMES})
    files = [[name.split("/")[1].removesuffix(".jpg") for name in NAMES if name.startswith(event)] for event in events]
    faces = [[np.array(numbers.get(f"{event}/{file}", []), np.uint8).reshape(-1, 1) for file in of] for event, of in zip(events, files)]
    return {
        "event_list": column(events),
        "file_list": column([column(of) for of in files]),
        "gt_list": column([column(of) for of in faces]),
    }


def binary(variables, **options):
    return {"base64": base64.b64encode(mat(variables, **options)).decode("ascii")}


def wider():
    boxes = [[1, 2, 30, 40], [50, 60, 7, 8], [9, 9, 10, 10]]
    plain = [face(boxes[0]), face(boxes[1], must=False)]
    read = outcome([], [(NAMES[0], plain), (NAMES[1], []), (NAMES[2], [face(boxes[2])])])
    yield case("wider: a list", "wider", "list.txt", {"list.txt": wider_text()}, read)

    flags = ["heavy blur", "heavy occlusion", "atypical pose", "extreme illumination", "no blur", "no occlusion", "typical pose",
             "normal illumination", "partial occlusion", "exaggerate expression", "normal blur"]
    first, third, last = ["heavy blur", "heavy occlusion", "atypical pose", "extreme illumination"], \
        ["no blur", "partial occlusion", "typical pose", "exaggerate expression", "normal illumination"], \
        ["normal blur", "no occlusion", "typical pose", "normal illumination"]
    index = lambda names: [flags.index(name) for name in names]
    read = outcome(flags, [(NAMES[0], [face(boxes[0], subsets=index(first)), face(boxes[1], False, subsets=index(third))]),
                           (NAMES[1], []), (NAMES[2], [face(boxes[2], subsets=index(last))])])
    yield case("wider: flags", "wider", "list.txt", {"list.txt": wider_text()}, read, ["flags"])

    files = {
        "list.txt": wider_text(),
        "wider_easy_val.mat": binary(difficulty({"0--Parade/a_1": [1], "1--Riot/b & c": [1]}), do_compression=True),
        "wider_hard_val.mat": binary(difficulty({"0--Parade/a_1": [1, 2, 3]})),
    }
    of = ["wider_easy_val.mat", "wider_hard_val.mat"]
    read = outcome(["easy", "hard"], [(NAMES[0], [face(boxes[0], subsets=[0, 1]), face(boxes[1], False, subsets=[1])]),
                                      (NAMES[1], []), (NAMES[2], [face(boxes[2], subsets=[0])])])
    yield case("wider: difficulties", "wider", "list.txt", files, read, of)

    beyond = files | {"wider_hard_val.mat": binary(difficulty({"0--Parade/a_2": [1]}))}
    yield case("wider: a face too many", "wider", "list.txt", beyond, ["line 6", "subset hard", "got 0"], of)
    without = {key: value for key, value in difficulty({}).items() if key != "gt_list"}
    yield case("wider: no faces listed", "wider", "list.txt", files | {of[0]: binary(without)}, [of[0], "gt_list is missing"], of)
    for name, text, says in [
        ("no number", f"{NAMES[0]}\nmany\n", ["line 2", "the number of faces", "many"]),
        ("a face less", f"{NAMES[0]}\n2\n1 1 5 5 0 0 0 0 0 0\n", ["line 1", "a face below", "end of the file"]),
        ("no face", f"{NAMES[0]}\n1\n1 1 5\n", ["line 3", "x, y, width, height and six flags"]),
        ("no box", f"{NAMES[0]}\n1\n1 1 5 high 0 0 0 0 0 0\n", ["line 3", "a number as height", "high"]),
        ("an image twice", wider_text(WIDER[:1] * 2), ["line 6", "not in the list yet"]),
        ("no image", "nowhere.jpg\n1\n1 1 5 5 0 0 0 0 0 0\n", ["line 1", "nowhere.jpg", "not there"]),
    ]:
        yield case(f"wider: {name}", "wider", "list.txt", {"list.txt": text}, says)


# dlib

def dlib_text(images, root="dataset"):
    dataset = xml.Element(root)
    of = xml.SubElement(dataset, "images")
    for name, boxes in images:
        image = xml.SubElement(of, "image", file=name)
        for attributes, parts in boxes:
            box = xml.SubElement(image, "box", {key: str(value) for key, value in attributes.items()})
            xml.SubElement(box, "label").text = "face"
            for number, (x, y) in parts.items():
                xml.SubElement(box, "part", name=f"{number:02}", x=str(x), y=str(y))
    xml.indent(dataset)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(dataset, encoding="unicode")


def dlib():
    def box(left, top, width, height, **more):
        return {"left": left, "top": top, "width": width, "height": height} | more

    rng = np.random.default_rng(3)
    parts = {number: tuple(rng.integers(0, 100, 2).tolist()) for number in range(68)}
    points = np.array([parts[number] for number in range(68)], float)
    five = [points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]]
    landmarks = np.float32(five).ravel().tolist()
    text = dlib_text([
        (NAMES[0], [(box(1, 2, 3, 4), parts), (box(-5, 6, 7, 8, ignore=1), {0: (1, 1)})]),
        (NAMES[1], []),
        (NAMES[2], [(box(9, 9, 1, 1, ignore=0), {})]),
    ])
    read = outcome([], [(NAMES[0], [face([1, 2, 3, 4], landmarks=landmarks), face([-5, 6, 7, 8], must=False)]), (NAMES[1], []),
                        (NAMES[2], [face([9, 9, 1, 1])])])
    yield case("dlib: a file", "dlib", "faces.xml", {"faces.xml": text}, read)
    one = [(NAMES[0], [(box(1, 2, 3, 4), {})])]
    for name, text, says in [
        ("another root", dlib_text(one, "annotation"), ["line 2", "<dataset>", "<annotation>"]),
        ("a flat box", dlib_text([(NAMES[0], [(box(1, 2, 0, 4), {})])]), ["line 5", "an area"]),
        ("a box in part", dlib_text([(NAMES[0], [({"left": 1}, {})])]), ["line 5", "an attribute top"]),
        ("an image twice", dlib_text(one * 2), ["line 9", "not in the file yet"]),
        ("no image", dlib_text([("nowhere.jpg", [])]), ["line 4", "nowhere.jpg", "not there"]),
        ("cut off", dlib_text(one)[:-12], ["XML"]),
        ("no end", "<dataset>\n<images>\n", ["<dataset><images>", "the end of the file"]),
    ]:
        yield case(f"dlib: {name}", "dlib", "faces.xml", {"faces.xml": text}, says)


# Pascal VOC

def voc_text(name, objects, root="annotation"):
    annotation = xml.Element(root)
    xml.SubElement(annotation, "folder").text = "VOC"
    if name:
        xml.SubElement(annotation, "filename").text = name
    for kind, difficult, corners in objects:
        object_ = xml.SubElement(annotation, "object")
        xml.SubElement(object_, "name").text = kind
        if difficult is not None:
            xml.SubElement(object_, "difficult").text = difficult
        box = xml.SubElement(object_, "bndbox")
        for corner, value in corners.items():
            xml.SubElement(box, corner).text = str(value)
        part = xml.SubElement(object_, "part")
        xml.SubElement(xml.SubElement(part, "bndbox"), "xmin").text = "3"
    xml.indent(annotation)
    return xml.tostring(annotation, encoding="unicode")


def voc():
    def corners(*values):
        return dict(zip(["ymax", "xmin", "ymin", "xmax"], values))

    files = {
        "Annotations/1.xml": voc_text(NAMES[2], [("face", "0", corners(30, 1, 11, 10)), ("dog", "0", {}), ("head", "1", corners(8, 2, 2, 8))]),
        "Annotations/2.xml": voc_text(NAMES[0], [("face", None, corners(2.5, 1, 1, 2))]),
        "Annotations/10.xml": voc_text(NAMES[1], []),
    }
    read = outcome([], [(NAMES[2], [face([0, 10, 10, 20]), face([1, 1, 7, 7], must=False)]), (NAMES[0], [face([0, 0, 2, 2.5])]),
                        (NAMES[1], [])])
    yield case("voc: a folder", "voc", "Annotations", files, read)
    for name, text, says in [
        ("another root", voc_text(NAMES[0], [], "dataset"), ["1.xml", "<annotation>", "<dataset>"]),
        ("no name", voc_text("", []), ["1.xml", "<filename>"]),
        ("a corner less", voc_text(NAMES[0], [("face", "0", {"xmin": 1})]), ["xmin, ymin, xmax and ymax"]),
        ("corners swapped", voc_text(NAMES[0], [("face", "0", corners(1, 10, 5, 2))]), ["an area"]),
        ("no number", voc_text(NAMES[0], [("face", "0", corners(1, "left", 5, 2))]), ["line 9", "a number as xmin", "left"]),
        ("no image", voc_text("nowhere.jpg", []), ["nowhere.jpg", "not there"]),
    ]:
        yield case(f"voc: {name}", "voc", "Annotations", {"Annotations/1.xml": text}, says)
    twice = {"Annotations/1.xml": files["Annotations/2.xml"], "Annotations/2.xml": files["Annotations/2.xml"]}
    yield case("voc: an image twice", "voc", "Annotations", twice, ["2.xml", "no other annotation"])


# Sets

def sets():
    header = "file,x,y,width,height,subset,ignore"
    rows = [f"{IMAGES[0]},1,2,3,4,easy hard,0", f"{IMAGES[1]},,,,,,", f"{IMAGES[0]},5,6,7,8,hard,1", f'"{IMAGES[2]}",0,0,1,1.5,,true']
    read = outcome(["easy", "hard"], [(IMAGES[0], [face([1, 2, 3, 4], subsets=[0, 1]), face([5, 6, 7, 8], must=False, subsets=[1])]),
                                      (IMAGES[1], []), (IMAGES[2], [face([0, 0, 1, 1.5], must=False)])])
    yield case("set: a row a face", "set", "faces.csv", {"faces.csv": "\n".join([header, *rows])}, read)
    for name, text, says in [
        ("no boxes", f"file,person\n{IMAGES[0]},Ada", ["columns x, y, width and height", "faces.csv"]),
        ("a flat box", f"{header}\n{IMAGES[0]},1,2,0,4,,", ["an area", IMAGES[0]]),
        ("no image", f"{header}\nnowhere.jpg,1,2,3,4,,", ["line 2", "nowhere.jpg"]),
    ]:
        yield case(f"set: {name}", "set", "faces.csv", {"faces.csv": text}, says)


def main():
    write_golden("data_boxes.json", "data_boxes.py", ["numpy", "scipy"],
                 {"images": IMAGES, "cases": [*wider(), *dlib(), *voc(), *sets()]})


if __name__ == "__main__":
    main()
