//! Accuracies that papers report on Labeled Faces in the Wild and YouTube Faces.

use serde::Serialize;

/// The table as Liu et al. list it (SphereFace, CVPR 2017); the last six rows are losses on their
/// own network. One line a row, its fields as in the first line.
const TABLE: &str = include_str!("../data/published.csv");

/// What a paper reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Published {
    /// Name of the method or the loss.
    pub method: &'static str,
    /// Networks whose features are joined.
    pub n_models: u32,
    /// Images trained on: their number, or the database.
    pub training: &'static str,
    /// Accuracy on LFW's View 2, in per cent.
    pub lfw_percent: f64,
    /// Accuracy on YouTube Faces, in per cent, where reported.
    pub ytf_percent: Option<f64>,
}

/// The 16 published rows, in the order of the table.
#[must_use]
pub fn published() -> Vec<Published> {
    // Every line is a row: a test sees to it.
    TABLE.lines().skip(1).filter_map(row).collect()
}

fn row(line: &'static str) -> Option<Published> {
    let fields: Vec<&str> = line.split(',').collect();
    let &[method, n_models, training, lfw, ytf] = fields.as_slice() else {
        return None;
    };
    Some(Published {
        method,
        n_models: n_models.parse().ok()?,
        training,
        lfw_percent: lfw.parse().ok()?,
        ytf_percent: match ytf {
            "" => None,
            percent => Some(percent.parse().ok()?),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_row() {
        let rows = published();
        assert_eq!((rows.len(), TABLE.lines().count()), (16, 17));
        let best = rows
            .iter()
            .max_by(|a, b| a.lfw_percent.total_cmp(&b.lfw_percent));
        assert_eq!(best.unwrap().method, "FaceNet");
        let sphereface = &rows[15];
        assert_eq!(
            (sphereface.lfw_percent, sphereface.ytf_percent),
            (99.42, Some(95.0))
        );
        assert!(rows.iter().filter(|row| row.ytf_percent.is_none()).count() == 4);
    }
}
