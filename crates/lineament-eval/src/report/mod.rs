//! Reports that people read: a page of its own, its plots as SVG, Markdown and JSON.
//!
//! A report is made of runs, [`ReportRun`]: what one model reached under one protocol, as plain
//! figures, curves and errors. It computes none of them; it knows how they are shown. The page
//! needs no other file and no network; pictures of people stay where they are, and the page only
//! says where that is.

mod bars;
mod element;
mod errors;
mod escape;
mod frame;
mod group;
mod histogram;
mod lines;
mod markdown;
mod numbers;
mod page;
mod place;
mod plots;
mod run;
mod scale;
mod style;
mod tables;
mod write;

pub use numbers::rate_name;
pub use run::{
    CurveKind, ErrorKind, ErrorPair, Figure, FigureValue, GroupRate, GroupRates, Picture,
    ReportCurve, ReportRun, Sample, ScoreDistribution, Uncertainty,
};
pub use write::{ReportFiles, write_report};
