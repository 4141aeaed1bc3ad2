//! The loop: configuration, optimisers, schedules, checkpoints, metrics.
