"""Regenerates every committed golden file and asset, in order; each script then says what it wrote."""

import data_pickles
import detectors
import draw
import embedder
import margin
import matchers
import pose
import resize
import similarity
import warp

for stage in (similarity, warp, resize, margin, draw, detectors, embedder, pose, matchers, data_pickles):
    print(stage.__name__)
    stage.main()
