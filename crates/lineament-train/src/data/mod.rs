//! What networks are trained on: sets, augmentation, samplers, batches.
