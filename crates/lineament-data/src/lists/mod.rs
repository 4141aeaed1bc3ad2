//! Lists of comparisons, as the field's protocols ship them.

pub mod lfw;
