//! `lineament eval megaface`: one mate among up to a million others.

use std::fs;
use std::path::{Path, PathBuf};

use lineament_data::lists::megaface::{Noises, read_list, write_features};
use lineament_data::{DataError, DataLimits, ImageSource, Item};
use lineament_eval::LabelledSet;
use lineament_eval::identification::{DistractorOptions, DistractorSearch};
use serde_json::Value;

use super::bad_list;
use crate::args::eval::sets::Megaface;
use crate::evaluation::faces::{FaceImage, FaceSource};
use crate::evaluation::given::Given;
use crate::evaluation::labelled::People;
use crate::evaluation::model::ModelUnderTest;
use crate::evaluation::pair_job::failure;
use crate::evaluation::set_run::{Measured, Templates, on_each_model, template_of};
use crate::evaluation::settings::EvaluationSettings;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// Distractors that are compared at a time.
const BLOCK: usize = 4096;

/// Probes, distractors, and what is asked of them.
struct Job {
    settings: EvaluationSettings,
    probes: Faces,
    persons: Vec<usize>,
    distractors: Faces,
    options: DistractorOptions,
    write_features: Option<PathBuf>,
    /// Images that noise lists left out, of probes and of distractors.
    n_left_out: [usize; 2],
}

/// Images of a list.
struct Faces {
    names: Vec<String>,
    images: Vec<FaceImage>,
}

/// What the distractors of a model came to.
struct Met {
    failures: Vec<String>,
    n_unreadable: usize,
}

pub(super) fn run(args: Megaface, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let job = Job::new(args)?;
    let n_images = job.probes.images.len() + job.distractors.images.len();
    on_each_model(&job.settings, n_images, |model| {
        Ok(vec![job.measure(model, interrupt)?])
    })
}

impl Job {
    fn new(args: Megaface) -> Result<Self, Failure> {
        let mut settings = EvaluationSettings::new(args.evaluation, FaceSource::Detect)?;
        if !args.features.is_empty() {
            settings.given = Some(Given::Features {
                folders: args.features,
                suffix: args.feature_suffix,
            });
        }
        if args.write_features.is_some() && settings.embedders.len() > 1 {
            return Err(Failure::usage(
                "--write-features takes the features of one model, and several --embedder are given",
            ));
        }
        if !args.sizes.is_sorted_by(|a, b| a < b) || args.sizes.first() == Some(&0) {
            return Err(Failure::usage("--sizes takes numbers from 1 on, rising"));
        }
        let noises = args.probe_noises.as_deref();
        let probes = read(&args.probes, args.probe_images.as_deref(), noises).map_err(bad_list)?;
        let noises = args.distractor_noises.as_deref();
        let distractors =
            read(&args.distractors, args.distractor_images.as_deref(), noises).map_err(bad_list)?;
        let mut people = People::default();
        let person = |item: &Item| people.number(item.person.as_deref().unwrap_or_default());
        Ok(Self {
            persons: probes.items.iter().map(person).collect(),
            n_left_out: [probes.n_left_out, distractors.n_left_out],
            probes: Faces::of(probes.items),
            distractors: Faces::of(distractors.items),
            options: DistractorOptions {
                sizes: args.sizes,
                ..DistractorOptions::default()
            },
            write_features: args.write_features,
            settings,
        })
    }

    fn measure(
        &self,
        model: &ModelUnderTest<'_>,
        interrupt: &Interrupt,
    ) -> Result<Measured, Failure> {
        let about = model.about("megaface")?;
        let probes = Templates::of(model, &self.probes.images, interrupt)?;
        for (name, template) in self.probes.names.iter().zip(&probes.rows) {
            self.write(name, template.as_deref())?;
        }
        let set = LabelledSet {
            names: &self.probes.names,
            persons: &self.persons,
            templates: &probes.rows,
        };
        let n_distractors = self.distractors.names.len();
        let search = DistractorSearch::new(set, self.options.clone(), n_distractors);
        let mut search = search.map_err(|e| failure(&e))?;
        let met = self.meet(model, &mut search, interrupt)?;
        let report = search.finish(about).map_err(|e| failure(&e))?;
        let [probes_out, distractors_out] = self.n_left_out;
        let choices = vec![
            ("Faces".to_owned(), model.faces_in_words()),
            (
                "Left out as noise".to_owned(),
                format!("{probes_out} probes, {distractors_out} distractors"),
            ),
        ];
        let failures = [report.failures.as_slice(), &met.failures].concat();
        let run = report.run("MegaFace, challenge 1");
        let mut measured = Measured::new(&report, run, &failures, choices)?
            .unreadable(probes.n_unreadable + met.n_unreadable);
        if let Value::Object(result) = &mut measured.run_mut().result {
            let names = met.failures.into_iter().map(Value::from);
            result.insert("distractor_failures".to_owned(), names.collect());
        }
        Ok(measured)
    }

    /// Embeds the distractors and compares the probes with them, block by block.
    fn meet(
        &self,
        model: &ModelUnderTest<'_>,
        search: &mut DistractorSearch<'_>,
        interrupt: &Interrupt,
    ) -> Result<Met, Failure> {
        let flip = model.flip()?;
        let mut names = self.distractors.names.iter();
        let mut block = Vec::with_capacity(BLOCK);
        let mut met = Met {
            failures: Vec::new(),
            n_unreadable: 0,
        };
        model.embed_each(&self.distractors.images, interrupt, |image| {
            met.n_unreadable += usize::from(image.is_err());
            let template = template_of(&image, flip);
            if let Some(name) = names.next() {
                self.write(name, template.as_deref())?;
                met.failures
                    .extend(template.is_none().then(|| name.clone()));
            }
            block.push(template);
            if block.len() == BLOCK {
                search.add(&block).map_err(|e| failure(&e))?;
                block.clear();
            }
            Ok(())
        })?;
        search.add(&block).map_err(|e| failure(&e))?;
        Ok(met)
    }

    /// Writes the feature of the image `name`, where that is wanted and there is one.
    fn write(&self, name: &str, feature: Option<&[f32]>) -> Result<(), Failure> {
        let (Some(folder), Some(feature)) = (&self.write_features, feature) else {
            return Ok(());
        };
        let path = folder.join(format!("{name}.bin"));
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| Failure::write(parent, &error))?;
        write_features(&path, feature)
            .map_err(|error| Failure::new(Exit::Output, error.to_string()))
    }
}

impl Faces {
    fn of(items: Vec<Item>) -> Self {
        // Features that are given need no image.
        let no_image = || ImageSource::Memory([].into());
        let image = |item: &Item| FaceImage {
            name: item.name.clone(),
            source: item.images.first().cloned().unwrap_or_else(no_image),
            face: None,
            landmarks: None,
        };
        Self {
            images: items.iter().map(image).collect(),
            names: items.into_iter().map(|item| item.name).collect(),
        }
    }
}

/// A list without its noises.
struct Clean {
    items: Vec<Item>,
    n_left_out: usize,
}

fn read(list: &Path, images: Option<&Path>, noises: Option<&Path>) -> Result<Clean, DataError> {
    let limits = DataLimits::default();
    let noises = noises.map(|path| Noises::read(path, &limits)).transpose()?;
    let mut items = read_list(list, images, &limits)?;
    let n_all = items.len();
    if let Some(noises) = noises {
        items.retain(|item| !noises.contains(&item.name));
    }
    Ok(Clean {
        n_left_out: n_all - items.len(),
        items,
    })
}
