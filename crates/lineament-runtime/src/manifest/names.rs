//! Names that belong to the floor above.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest task or family, in bytes.
const MAX_LEN: usize = 64;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Cow<'static, str>);

        impl $type {
            /// The name itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(name: String) -> Result<Self, String> {
                checked(name).map(|name| Self(Cow::Owned(name)))
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0.into_owned()
            }
        }
    };
}

name! {
    /// What a model is for: a name of `a-z`, `0-9` and `-`.
    Task
}

name! {
    /// How a model's outputs are read: a name of `a-z`, `0-9` and `-`.
    Family
}

impl Task {
    /// Finding what is looked for in a picture.
    pub const DETECT: Self = Self(Cow::Borrowed("detect"));
    /// Turning a crop into a vector.
    pub const EMBED: Self = Self(Cow::Borrowed("embed"));
}

fn checked(name: String) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > MAX_LEN || !name.chars().all(plain) {
        return Err(format!(
            "a name of a-z, 0-9 and \"-\" is expected, at most {MAX_LEN}"
        ));
    }
    Ok(name)
}
