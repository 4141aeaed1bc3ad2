//! Runs of detectors.

use super::{count, named, number, run, share};
use crate::detection::{DetectionFigures, DetectionReport};
use crate::report::{CurveKind, ReportCurve, ReportRun, Sample};

/// Steps of recall that a plot can show.
const N_STEPS: f64 = 400.0;

impl DetectionReport {
    /// Average precision by subset, recall by false detections, precision over recall, errors of
    /// landmarks.
    #[must_use]
    pub fn run(&self, title: &str) -> ReportRun {
        let sample = Sample::Faces {
            n_images: self.n_images,
            n_faces: self.n_faces,
        };
        let mut run = run(&self.about, title, sample, self.n_failed);
        for figures in &self.by_iou {
            let DetectionFigures { iou, subset, .. } = figures;
            let name = format!("AP at IoU {iou}, {subset}");
            run.figures
                .push(share(&name, figures.ap, figures.ap_ci, "no faces"));
            for (rate, recall) in &figures.recall_at_false_per_image {
                let rate = named(rate);
                let name = format!("Recall at {rate} false per image, IoU {iou}, {subset}");
                run.figures.push(share(&name, *recall, None, "no faces"));
            }
        }
        let nme = self.landmarks.map(|l| l.nme);
        run.figures
            .push(number("Landmark error (NME)", nme, 4, "no landmarks"));
        run.figures.push(count("Detections", self.n_detections));
        run.intervals = Some(format!(
            "bootstrap of {} images with {} replicates, 95 %",
            self.n_images, self.by_image.n_replicates
        ));
        let first = self.by_iou.first().map(|f| f.iou);
        let of_first = self.by_iou.iter().filter(|f| Some(f.iou) == first);
        run.curves = of_first.map(curve).collect();
        run
    }
}

fn curve(figures: &DetectionFigures) -> ReportCurve {
    let points = figures.curve.points();
    let mut points: Vec<[f64; 2]> = points.iter().map(|p| [p.recall, p.precision]).collect();
    let last = points.last().copied();
    points.dedup_by_key(|[recall, _]| (*recall * N_STEPS) as usize);
    if points.last() != last.as_ref() {
        points.extend(last);
    }
    ReportCurve {
        kind: CurveKind::PrecisionRecall,
        subset: Some(figures.subset.clone()),
        points,
        n_non_mated: None,
    }
}
