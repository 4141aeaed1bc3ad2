"""Regenerates every committed golden file and asset, in order; each script then says what it wrote."""

import detectors
import draw
import embedder
import pose
import resize
import similarity
import warp

for stage in (similarity, warp, resize, draw, detectors, embedder, pose):
    print(stage.__name__)
    stage.main()
