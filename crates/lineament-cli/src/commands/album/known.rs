//! The people whom an album knows beforehand: a folder of their photos, or a gallery.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use lineament::{KnownPeople, Pipeline, Score};
use lineament_gallery::{Filter, Gallery, PersonId, SearchBy, SearchMode, SearchOptions, fmr_for};

use crate::album::library::{FaceRef, Library};
use crate::album::people::{Likeness, embedding};
use crate::album::store::Store;
use crate::batch::Batch;
use crate::commands::gallery::secret;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::known::{self, Used};
use crate::pipeline::Threshold;
use crate::settings::Rule;

/// The share of strangers who are taken for somebody of a gallery when no other is asked for.
const USUAL_FPIR: f64 = 0.01;

/// Where the known people are.
pub(super) enum Known {
    Folder(PathBuf),
    Gallery(PathBuf),
}

/// The known people, to be asked.
pub(super) struct Acquaintances {
    who: Who,
    /// From this score on a face is somebody's.
    pub(super) threshold: Score,
    /// The photos that they were learned from.
    pub(super) used: Used,
}

enum Who {
    Folder(KnownPeople),
    Gallery {
        gallery: Box<Gallery>,
        names: HashMap<PersonId, String>,
        search: SearchOptions,
    },
}

impl Known {
    /// Learns who they are.
    ///
    /// # Errors
    /// As for `identify` and `gallery identify`.
    pub(super) fn open(
        &self,
        pipeline: &Pipeline,
        rule: Rule,
        batch: &Batch<'_>,
        max_bytes: u64,
        store: &Store,
    ) -> Result<Acquaintances, Failure> {
        match self {
            Self::Folder(folder) => {
                let threshold = Threshold::of(rule, pipeline)?.threshold;
                let folder = known::Album::list(folder)?;
                let learned = folder.learn(pipeline, batch, max_bytes, Some(store))?;
                Ok(Acquaintances {
                    who: Who::Folder(learned.people),
                    threshold,
                    used: learned.used,
                })
            }
            Self::Gallery(path) => {
                let gallery = secret::open(path, None)?;
                gallery.check_space(pipeline.space().map_err(unusable)?)?;
                let search = SearchOptions {
                    k: 1,
                    by: SearchBy::Person,
                    filter: Filter::Everybody,
                    threads: NonZeroUsize::MIN,
                    mode: SearchMode::Exact,
                };
                let rule = match rule {
                    Rule::Recommended => {
                        Rule::Fmr(fmr_for(USUAL_FPIR, gallery.n_compared(&search)?))
                    }
                    rule => rule,
                };
                let threshold = Threshold::of(rule, pipeline)
                    .map_err(|error| error.help("give a score with --threshold"))?;
                let people = gallery.people()?.into_iter();
                let who = Who::Gallery {
                    names: people.map(|person| (person.id, person.name)).collect(),
                    gallery: Box::new(gallery),
                    search,
                };
                Ok(Acquaintances {
                    who,
                    threshold: threshold.threshold,
                    used: Used::default(),
                })
            }
        }
    }
}

impl Acquaintances {
    /// The faces that are somebody's, whose, and how much they are like them.
    pub(super) fn likenesses(
        mut self,
        library: &Library,
        pipeline: &Pipeline,
    ) -> Result<Vec<(FaceRef, Likeness)>, Failure> {
        let space = pipeline.space().map_err(unusable)?;
        let mut found = Vec::new();
        for face in library.faces() {
            let probe = embedding(library, space, face)?;
            if let Some(likeness) = self.who_is(&probe)? {
                found.push((face, likeness));
            }
        }
        Ok(found)
    }

    fn who_is(&mut self, probe: &lineament::Embedding) -> Result<Option<Likeness>, Failure> {
        match &mut self.who {
            Who::Folder(people) => {
                let found = people.identify(probe, self.threshold).map_err(unusable)?;
                let best = found.name.and(found.best);
                Ok(best.map(|best| (best.name, best.score.value())))
            }
            Who::Gallery {
                gallery,
                names,
                search,
            } => {
                let found = gallery.identify(probe, self.threshold, search)?;
                let best = found.person.and(found.candidates.first());
                Ok(best.and_then(|best| {
                    let name = names.get(&best.person)?;
                    Some((name.clone(), best.score.value()))
                }))
            }
        }
    }
}

fn unusable(error: lineament::Error) -> Failure {
    Failure::new(Exit::Models, error.to_string())
}
