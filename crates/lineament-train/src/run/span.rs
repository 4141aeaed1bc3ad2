//! Lengths of training.

use serde::{Deserialize, Serialize};

/// A length of training, written `"28000 steps"` or `"4 epochs"`.
///
/// An epoch is as many batches as it takes to see as many images as the set holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Span {
    /// Steps of the optimiser.
    Steps(u64),
    /// Passes over the set, whole or not.
    Epochs(f64),
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self::Steps(0);

    /// The steps this is where an epoch has `steps_per_epoch`, to the nearest one.
    #[must_use]
    pub fn steps(self, steps_per_epoch: u64) -> u64 {
        match self {
            Self::Steps(n) => n,
            Self::Epochs(n) => (n * steps_per_epoch as f64).round() as u64,
        }
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (number, unit) = text.trim().split_once(' ').unwrap_or((&text, ""));
        let span = match unit.trim() {
            "step" | "steps" => number.parse().ok().map(Self::Steps),
            "epoch" | "epochs" => number.parse().ok().map(Self::Epochs),
            _ => None,
        };
        let is_usable = |s: &Self| !matches!(s, Self::Epochs(n) if !n.is_finite() || *n < 0.0);
        span.filter(is_usable).ok_or_else(|| {
            format!("expected a length such as \"28000 steps\" or \"4 epochs\", got {text:?}")
        })
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        match span {
            Span::Steps(n) => format!("{n} steps"),
            Span::Epochs(n) => format!("{n} epochs"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_written() {
        for (text, steps) in [("28000 steps", 28000), ("1 epoch", 10), ("0.25 epochs", 3)] {
            let span = Span::try_from(text.to_owned()).unwrap();
            assert_eq!(span.steps(10), steps, "{text}");
            assert_eq!(Span::try_from(String::from(span)), Ok(span));
        }
        for text in ["", "3", "3 days", "-1 epochs", "NaN epochs", "1.5 steps"] {
            let told = Span::try_from(text.to_owned()).unwrap_err();
            assert!(told.contains("steps"), "{told}");
        }
    }
}
