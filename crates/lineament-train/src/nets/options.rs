//! What can be chosen of a network.

use crate::error::TrainError;

/// Whether convolutions are followed by batch normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalisation {
    /// As its authors have it.
    #[default]
    Published,
    /// After every convolution.
    Batch,
}

/// What can be chosen of a network. What is `None` is as published.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetOptions {
    /// The length of the embedding.
    pub embedding_dim: Option<usize>,
    /// Height and width of the pictures.
    pub input: Option<(usize, usize)>,
    /// Whether convolutions are followed by batch normalisation. Only the networks that were
    /// published without it have the choice.
    pub normalisation: Normalisation,
    /// Whether the network sees brightness alone (ITU-R BT.601). DeepID's have the choice.
    pub grey: bool,
    /// The probability of dropout before the embedding.
    pub dropout: Option<f64>,
    /// Channels of hidden layers, as a multiple of the published, from above 0 to 4; rounded to
    /// multiples of 4.
    pub width: f64,
}

impl Default for NetOptions {
    fn default() -> Self {
        Self {
            embedding_dim: None,
            input: None,
            normalisation: Normalisation::Published,
            grey: false,
            dropout: None,
            width: 1.0,
        }
    }
}

impl NetOptions {
    /// `channels` times the width, at least 4.
    pub(super) fn wide(&self, channels: usize) -> usize {
        if self.width == 1.0 {
            return channels;
        }
        let quarters = (channels as f64 * self.width / 4.0).round();
        4 * (quarters as usize).max(1)
    }

    pub(super) fn dim(&self, published: usize) -> usize {
        self.embedding_dim.unwrap_or(published)
    }

    pub(super) fn size(&self, height: usize, width: usize) -> (usize, usize) {
        self.input.unwrap_or((height, width))
    }

    pub(super) fn dropout(&self, published: f64) -> f64 {
        self.dropout.unwrap_or(published)
    }

    pub(super) fn check(&self, network: &str) -> Result<(), TrainError> {
        let refuse = |reason: &str| {
            Err(TrainError::Network {
                network: network.to_owned(),
                layer: "options".to_owned(),
                reason: reason.to_owned(),
            })
        };
        let dropout = self.dropout.unwrap_or(0.0);
        let (height, width) = self.input.unwrap_or((1, 1));
        if !(self.width > 0.0 && self.width <= 4.0) {
            return refuse("the width should be above 0 and at most 4");
        }
        if self.grey && !network.starts_with("deepid2") {
            return refuse("only the networks of DeepID2 can be chosen to see grey");
        }
        if !(0.0..1.0).contains(&dropout) {
            return refuse("the probability of dropout should be at least 0 and below 1");
        }
        if self.embedding_dim.is_some_and(|dim| dim == 0 || dim > 8192) {
            return refuse("the embedding should have 1 to 8192 numbers");
        }
        if height == 0 || width == 0 || height.max(width) > 1024 {
            return refuse("pictures should be 1 to 1024 pixels high and wide");
        }
        Ok(())
    }
}
