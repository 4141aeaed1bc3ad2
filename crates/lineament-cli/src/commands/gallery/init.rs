//! `lineament gallery init`: an empty gallery for the embeddings of one model.

use std::num::NonZeroUsize;

use lineament::Embedder;
use lineament_gallery::{Gallery, GalleryOptions, Precision};
use lineament_runtime::Sha256;
use serde_json::json;

use super::{Target, now, tell};
use crate::args::common::Search;
use crate::args::gallery::{Init, PrecisionName};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline::open_embedder;
use crate::settings;

pub(super) fn run(target: &Target, args: &Init) -> Result<Exit, Failure> {
    let pipeline = settings::pipeline(&Search::default(), &args.models)?;
    let embedder = open_embedder(&pipeline, NonZeroUsize::MIN)?;
    if let Some(folder) = target.path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Failure::write(folder, &error))?;
    }
    let options = options(&embedder, args.precision)?;
    let gallery = Gallery::create(&target.path, options, now())?;
    let words = format!(
        "{} is an empty gallery for {}",
        target.path.display(),
        gallery.options().space
    );
    let json = json!({"path": target.path, "options": gallery.options()});
    tell(target.style, json, &words)
}

/// What a gallery of this embedder's faces holds.
pub(super) fn options(
    embedder: &Embedder,
    precision: PrecisionName,
) -> Result<GalleryOptions, Failure> {
    let hash: Sha256 = embedder.info().sha256.parse().map_err(|_| {
        let hash = &embedder.info().sha256;
        Failure::new(Exit::Internal, format!("{hash} is no SHA-256"))
    })?;
    Ok(GalleryOptions {
        space: embedder.space().clone(),
        dimension: embedder.dimension(),
        precision: match precision {
            PrecisionName::F32 => Precision::F32,
            PrecisionName::F16 => Precision::F16,
        },
        model_sha256: *hash.bytes(),
    })
}
