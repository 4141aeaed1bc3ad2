//! The literature's networks.
