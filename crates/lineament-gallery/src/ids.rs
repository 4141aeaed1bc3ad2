//! The numbers of people and faces, and points in time.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// A person's number: from 1, given once, never to somebody else.
    PersonId
);
number!(
    /// A face's number: from 1, given once, never to another face.
    FaceId
);
number!(
    /// A point in time: seconds since 1970-01-01 00:00:00 UTC. Galleries read no clock.
    UnixSeconds
);
