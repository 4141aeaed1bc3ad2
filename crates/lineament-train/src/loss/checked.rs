//! Options that are numbers, checked where a loss is built.

use crate::TrainError;

/// A number of the options of a loss.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    pub(super) loss: &'static str,
    pub(super) option: &'static str,
    pub(super) value: f64,
}

impl Number {
    pub(super) fn above_zero(self) -> Result<(), TrainError> {
        self.must(self.value > 0.0 && self.value.is_finite(), "above 0")
    }

    pub(super) fn not_below_zero(self) -> Result<(), TrainError> {
        self.must(self.value >= 0.0 && self.value.is_finite(), "0 or above")
    }

    /// In [least, greatest].
    pub(super) fn within(
        self,
        least: f64,
        greatest: f64,
        expected: &'static str,
    ) -> Result<(), TrainError> {
        self.must((least..=greatest).contains(&self.value), expected)
    }

    fn must(self, holds: bool, expected: &'static str) -> Result<(), TrainError> {
        match holds {
            true => Ok(()),
            false => Err(TrainError::LossOption {
                loss: self.loss,
                option: self.option,
                expected,
                got: self.value,
            }),
        }
    }
}

/// `number("cosface", "scale", 64.0).above_zero()?`
pub(super) fn number(loss: &'static str, option: &'static str, value: f64) -> Number {
    Number {
        loss,
        option,
        value,
    }
}
