"""Measures the reference pipeline on LFW View 1 of the shared folder, and prints accuracies; writes nothing.

The threshold is chosen on DevTrain (its aligned crops: the template lies 8 pixels inside 128x128) and applied to
DevTest, whose 250x250 photos go through the whole pipeline, twice: as they are, and enlarged to 512 for the detector
(the published figure, and the landmarks of crops.csv, come from enlarged photos). A pair is accepted when cosine >= threshold.
"""

import cv2
import numpy as np

from embedder import embed
from golden_file import SHARED
from pipeline import ReferencePipeline

LFW = SHARED / "data" / "lfw-view1"
PUBLISHED_THRESHOLD = 0.308


def read_pairs(file_name):
    """[(photo, photo, same)], photos as person/person_0001."""
    def photo(person, number):
        return f"{person}/{person}_{int(number):04d}"

    pairs = []
    for line in (LFW / file_name).read_text().splitlines()[1:]:
        fields = line.split()
        if len(fields) == 3:
            pairs.append((photo(fields[0], fields[1]), photo(fields[0], fields[2]), True))
        else:
            pairs.append((photo(fields[0], fields[1]), photo(fields[2], fields[3]), False))
    return pairs


def photo_embedding(pipeline, photo):
    """Embedding of the face chosen in a DevTest photo, or None."""
    return pipeline.describe(cv2.imread(str(LFW / "images" / f"{photo}.jpg")))["embedding"]


def crop_embedding(pipeline, photo):
    """Embedding of a ready-made crop."""
    crop = cv2.imread(str(LFW / "crops" / f"{photo}.webp"))[8:120, 8:120, ::-1]
    return embed(pipeline.embedder, np.ascontiguousarray(crop), "sum")


def score_pairs(pairs, embedding_of):
    """(cosines [n], same [n]) of all pairs; a photo without a face scores -1."""
    photos = sorted({photo for pair in pairs for photo in pair[:2]})
    embeddings = {photo: embedding_of(photo) for photo in photos}
    faceless = [photo for photo, embedding in embeddings.items() if embedding is None]
    print(f"  {len(photos)} photos, {len(faceless)} without a face {faceless[:5]}")
    cosines = []
    for first, second, _ in pairs:
        a, b = embeddings[first], embeddings[second]
        cosines.append(-1.0 if a is None or b is None else float(a @ b))
    return np.array(cosines), np.array([same for *_, same in pairs])


def accuracy(cosines, same, threshold):
    return float(((cosines >= threshold) == same).mean())


def best_threshold(cosines, same):
    """(threshold, accuracy): the middle of the best gap between neighbouring cosines."""
    ordered = np.sort(cosines)
    middles = (ordered[1:] + ordered[:-1]) / 2.0
    accuracies = [accuracy(cosines, same, threshold) for threshold in middles]
    best = int(np.argmax(accuracies))
    return float(middles[best]), accuracies[best]


def main():
    pipelines = {
        "as they are": ReferencePipeline(SHARED / "models", max_side=512, enlarge=False),
        "enlarged for the detector": ReferencePipeline(SHARED / "models", max_side=512, enlarge=True),
    }
    print("DevTrain, crops")
    any_pipeline = pipelines["as they are"]
    cosines, same = score_pairs(read_pairs("pairsDevTrain.txt"), lambda photo: crop_embedding(any_pipeline, photo))
    train_threshold, train_best = best_threshold(cosines, same)
    print(f"  best {100 * train_best:.2f} % at {train_threshold:.4f}")
    print(f"  at {PUBLISHED_THRESHOLD}: {100 * accuracy(cosines, same, PUBLISHED_THRESHOLD):.2f} %")

    for name, pipeline in pipelines.items():
        print(f"DevTest, photos {name}")
        cosines, same = score_pairs(read_pairs("pairsDevTest.txt"), lambda photo, p=pipeline: photo_embedding(p, photo))
        for threshold in (train_threshold, PUBLISHED_THRESHOLD):
            print(f"  at {threshold:.4f}: {100 * accuracy(cosines, same, threshold):.2f} %")
        threshold, best = best_threshold(cosines, same)
        print(f"  best {100 * best:.2f} % at {threshold:.4f}")


if __name__ == "__main__":
    main()
