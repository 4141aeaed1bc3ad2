//! Photos that are looked at once and remembered: what `cluster` and `album` share.

pub(crate) mod confirmed;
pub(crate) mod doubt;
pub(crate) mod groups;
pub(crate) mod library;
pub(crate) mod links;
pub(crate) mod names;
pub(crate) mod page;
pub(crate) mod people;
pub(crate) mod scan;
pub(crate) mod seen;
pub(crate) mod store;
pub(crate) mod thumbnails;
