//! `lineament eval ytf`: YouTube Faces, pairs of videos.

use std::num::NonZeroUsize;

use lineament_data::lists::ytf::{self, Labels};
use lineament_data::{DataLimits, Item, video::evenly_spaced};

use super::bad_list;
use crate::args::eval::{VideoScore, Ytf};
use crate::evaluation::faces::FaceSource;
use crate::evaluation::frames::FrameScore;
use crate::evaluation::method::MethodSettings;
use crate::evaluation::pair_job::{Declared, PairJob};
use crate::evaluation::settings::EvaluationSettings;
use crate::failure::Failure;

/// What `args` ask for.
pub(super) fn job(args: Ytf) -> Result<PairJob, Failure> {
    let mut settings = EvaluationSettings::new(args.evaluation, FaceSource::Detect)?;
    settings.max_frames = args.frames;
    let method = MethodSettings::new(args.method)?;
    let labels = Labels::of_file(&args.splits);
    let limits = DataLimits::default();
    let mut protocol =
        ytf::read_splits(&args.splits, labels, &args.videos, &limits).map_err(bad_list)?;
    thin_out(&mut protocol.items, args.frames);
    let (frame_score, compared) = match args.video_score {
        VideoScore::Mean => (None, "mean of the frames' features"),
        VideoScore::BestFrame => (Some(FrameScore::Best), "best score of any two frames"),
        VideoScore::AllFrames => (Some(FrameScore::Mean), "mean score of all frames with all"),
    };
    let title = match labels {
        Labels::Original => "YouTube Faces",
        Labels::Corrected => "YouTube Faces, corrected list",
    };
    Ok(PairJob {
        settings,
        method,
        protocol,
        title: title.to_owned(),
        declared: Declared::Yes,
        dev: None,
        frame_score,
        choices: vec![
            ("Videos".to_owned(), compared.to_owned()),
            ("Frames".to_owned(), format!("{} at most", args.frames)),
        ],
    })
}

/// Leaves each video so many frames; those in `.npz` files are chosen when they are read.
fn thin_out(videos: &mut [Item], max_frames: NonZeroUsize) {
    for video in videos {
        let kept = evenly_spaced(video.images.len(), max_frames.get());
        video.images = kept.iter().map(|i| video.images[*i].clone()).collect();
    }
}
