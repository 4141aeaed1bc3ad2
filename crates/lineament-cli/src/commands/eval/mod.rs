//! `lineament eval …`: one file a protocol.
