//! Protocols and rates: from scores to figures that can be trusted.
