//! What networks are trained with: one file a loss.
