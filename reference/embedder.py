"""Reference of the embedding of an aligned 112x112 crop, with the three mirror modes.

Preprocessing: RGB, (pixel / 255 - mean) / std per channel, NCHW. e(x) is the model's raw output. In float64:
  none    e(x) / |e(x)|
  sum     (e(x) + e(mirror x)) / |...|            raw outputs are summed, mirror x = left and right exchanged
  concat  [e(x), e(mirror x)] / |...|             raw outputs, twice as long

golden/embed.json:
  mean, std  [3] each, of RGB
  crops      {name: {width, height, rgb_base64}}: two synthetic, "drawn" (a drawn face, aligned; see draw.py)
  cases      [{model (file name), model_folder ("assets" | "shared"), crop, mirror: "none" | "sum" | "concat",
               embedding}]; random_embedder_dynamic.onnx has a dynamic batch: all crops in one batch must give the
               same values
"""

import cv2
import numpy as np

import random_models
from detectors import detect
from golden_file import ASSETS, SHARED, image_record, rounded, write_golden
from inference import open_session
from similarity import ARCFACE_112, umeyama
from synthetic import synthetic_rgb
from warp import warp

MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])


def embedder_tensor(crops):
    """Tensor [n, 3, 112, 112] float32 of RGB crops [n, 112, 112, 3] u8."""
    normalised = (np.asarray(crops) / 255.0 - MEAN) / STD
    return np.ascontiguousarray(normalised.transpose(0, 3, 1, 2).astype(np.float32))


def raw_embeddings(session, crops):
    """Raw outputs [n, d] float64; one run a crop, as some models take only one."""
    name = session.get_inputs()[0].name
    rows = [session.run(None, {name: tensor[None]})[0][0] for tensor in embedder_tensor(crops)]
    return np.array(rows, dtype=np.float64)


def embed(session, crop, mirror):
    """Unit-norm embedding of an RGB crop [112, 112, 3] u8."""
    plain, mirrored = raw_embeddings(session, [crop, crop[:, ::-1]])
    combined = {"none": plain, "sum": plain + mirrored, "concat": np.concatenate([plain, mirrored])}[mirror]
    return combined / np.linalg.norm(combined)


def drawn_crop():
    """The largest drawn face, found by YuNet and aligned to the ArcFace template."""
    rgb = np.ascontiguousarray(cv2.imread(str(ASSETS / "drawn_faces.png"))[:, :, ::-1])
    session = open_session(SHARED / "models" / "yunet_n_dynamic.onnx")
    detections, _, _ = detect(session, "yunet", rgb, 320, 256, 0.5, 0.3)
    largest = max(detections, key=lambda detection: detection["width"] * detection["height"])
    matrix, _ = umeyama(np.array(largest["landmarks"]), ARCFACE_112)
    return np.rint(warp(rgb, matrix, 112, 112, "constant")).astype(np.uint8)


def main():
    random_models.random_embedder(seed=7, dynamic_batch=False)
    random_models.random_embedder(seed=8, dynamic_batch=True)
    crops = {
        "synthetic 1": synthetic_rgb(112, 112, seed=9),
        "synthetic 2": synthetic_rgb(112, 112, seed=10),
        "drawn": drawn_crop(),
    }
    models = [
        ("assets", ASSETS, "random_embedder.onnx", ["synthetic 1", "synthetic 2"]),
        ("assets", ASSETS, "random_embedder_dynamic.onnx", ["synthetic 1", "synthetic 2"]),
        ("shared", SHARED / "models", "mobilefacenet.onnx", ["synthetic 1", "drawn"]),
    ]
    cases = []
    for folder, path, model, crop_names in models:
        session = open_session(path / model)
        for crop in crop_names:
            for mirror in ("none", "sum", "concat"):
                embedding = embed(session, crops[crop], mirror)
                cases.append({"model": model, "model_folder": folder, "crop": crop, "mirror": mirror,
                              "embedding": rounded(embedding, 8)})
        plain = [embed(session, crops[crop], "none") for crop in crop_names]
        mirrored = embed(session, crops[crop_names[0]][:, ::-1], "none")
        print(f"  {model}: cosine of two crops {plain[0] @ plain[1]:.3f}, crop and mirror {plain[0] @ mirrored:.3f}")

    dynamic = open_session(ASSETS / "random_embedder_dynamic.onnx")
    in_one_batch = dynamic.run(None, {"input0": embedder_tensor(list(crops.values()))})[0]
    assert np.allclose(in_one_batch, raw_embeddings(dynamic, list(crops.values())), atol=1e-5)

    fields = {"mean": MEAN.tolist(), "std": STD.tolist(),
              "crops": {name: image_record(crop) for name, crop in crops.items()}, "cases": cases}
    write_golden("embed.json", "embedder.py", ["numpy", "scipy", "onnx", "onnxruntime", "opencv-python-headless"], fields)


if __name__ == "__main__":
    main()
