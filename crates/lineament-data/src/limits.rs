//! What outside bytes may cost.

/// Limits that every reader checks before it takes memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataLimits {
    /// The largest list, index or metadata file, in bytes.
    pub max_list_bytes: u64,
    /// The largest encoded image, in bytes.
    pub max_image_bytes: u64,
    /// The largest container that is read whole (pickles, `.npz`, feature files), in bytes.
    pub max_container_bytes: u64,
    /// The most entries of a list or container.
    pub max_entries: u64,
}

impl Default for DataLimits {
    /// Room for the largest databases of the field: 100 million entries, lists of 8 GiB, containers
    /// of 16 GiB, images of 256 MiB.
    fn default() -> Self {
        Self {
            max_list_bytes: 8 << 30,
            max_image_bytes: 256 << 20,
            max_container_bytes: 16 << 30,
            max_entries: 100_000_000,
        }
    }
}
