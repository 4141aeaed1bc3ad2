"""Regenerates every committed golden file and asset, in order; each script then says what it wrote."""

import clusters
import data_boxes
import data_embeddings
import data_lists
import data_pickles
import data_sets
import detection
import detector_training
import detectors
import draw
import embedder
import evaluation
import fairness
import identification
import kernels
import margin
import matchers
import pose
import resize
import restore
import sealing
import shipped
import similarity
import warp

for stage in (similarity, warp, resize, restore, margin, draw, detectors, embedder, pose, matchers, clusters, data_pickles, data_sets,
              data_lists, data_boxes, data_embeddings, evaluation, identification, detection, detector_training,
              fairness, kernels, sealing, shipped):
    print(stage.__name__)
    stage.main()
