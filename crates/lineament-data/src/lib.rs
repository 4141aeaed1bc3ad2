//! Readers of the field's databases, lists and containers.
