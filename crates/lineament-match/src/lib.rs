//! Verification back ends: learned metrics between features, fitted, scored, saved.
