//! `lineament gallery index`: the approximate index, built or removed.

use std::ops::ControlFlow;
use std::time::Instant;

use lineament_gallery::{
    Gallery, GalleryError, IndexState, IndexStats, PAYS_FROM, SearchMode, USUAL_BREADTH,
};
use serde_json::json;

use super::{Target, batch, tell};
use crate::args::gallery::Index;
use crate::batch::say;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::{plain_bar, plural};
use crate::settings::BatchSettings;

pub(super) fn run(target: &Target, args: &Index, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let mut gallery = target.open()?;
    if args.drop {
        let was_there = gallery.drop_approximate_index()?;
        let words = match was_there {
            true => "the approximate index is removed",
            false => "there was no approximate index",
        };
        return tell(target.style, json!({"removed": was_there}), words);
    }
    let start = Instant::now();
    let built = build(&mut gallery, &batch(target.style, &args.running), interrupt)?;
    let seconds = start.elapsed().as_secs_f64();
    let faces = plural(built.n_faces, "face", "faces");
    let mut words = format!("an approximate index of {faces}, built in {seconds:.1} s");
    if built.n_faces < PAYS_FROM {
        words += &format!("; below {PAYS_FROM} faces exact searches are quick, too");
    }
    let json = json!({"n_faces": built.n_faces, "seconds": seconds});
    tell(target.style, json, &words)
}

/// How to search with `--approximate`: by the index, which is built where it pays and there is none.
pub(super) fn mode(
    gallery: &mut Gallery,
    running: &BatchSettings,
    interrupt: &Interrupt,
) -> Result<SearchMode, Failure> {
    let why = match gallery.approximate_index()? {
        IndexState::Encrypted => {
            let path = gallery.path().to_owned();
            let refused = Failure::from(GalleryError::NoIndexOfEncrypted { path });
            return Err(refused.help("leave --approximate away"));
        }
        IndexState::Ready(IndexStats { n_newer, .. }) if n_newer < PAYS_FROM => {
            return Ok(SearchMode::Approximate {
                breadth: USUAL_BREADTH,
            });
        }
        IndexState::Ready(IndexStats { n_newer, .. }) => {
            format!("{n_newer} faces came after the approximate index")
        }
        IndexState::Missing => "there is no approximate index yet".to_owned(),
        IndexState::Damaged => {
            "the approximate index is damaged, or of another version, and not used".to_owned()
        }
        IndexState::Foreign => {
            "the approximate index is of another gallery and not used".to_owned()
        }
    };
    let n_faces = gallery.stats()?.n_faces;
    if n_faces < PAYS_FROM {
        say(&format!(
            "{why}; {} are searched exactly, which is quick below {PAYS_FROM}",
            plural(n_faces, "face", "faces")
        ));
        return Ok(SearchMode::Exact);
    }
    say(&format!("{why}; it is built now"));
    build(gallery, running, interrupt)?;
    Ok(SearchMode::Approximate {
        breadth: USUAL_BREADTH,
    })
}

fn build(
    gallery: &mut Gallery,
    running: &BatchSettings,
    interrupt: &Interrupt,
) -> Result<IndexStats, Failure> {
    let mut bar = None;
    let mut watch = |done: usize, of: usize| {
        let bar = bar.get_or_insert_with(|| plain_bar(running.watcher, "faces", of));
        if let Some(bar) = bar {
            bar.set_position(done as u64);
        }
        match interrupt.is_set() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let built = gallery.build_approximate_index(running.threads, &mut watch);
    if let Some(bar) = bar.flatten() {
        bar.finish_and_clear();
    }
    Ok(built?)
}
