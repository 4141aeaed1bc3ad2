//! `lineament eval ijbb` and `ijbc`: templates compared one with one, and searched for in both galleries.

use std::collections::HashMap;

use lineament_data::lists::ijb::{
    Face, Form, Identification, Release, Source, Template, Verification, read_identification,
    read_verification,
};
use lineament_data::{DataLimits, ImageSource};
use lineament_eval::identification::{SearchPlan, identify_galleries};
use lineament_eval::templates::{MatchOptions, TemplateMatch};
use lineament_eval::{Bootstrap, IdentificationOptions, LabelledSet, evaluate_matches, pool_media};

use super::bad_list;
use crate::args::eval::sets::{Ijb, IjbForm, IjbTask};
use crate::evaluation::faces::{FaceImage, FaceSource};
use crate::evaluation::model::ModelUnderTest;
use crate::evaluation::pair_job::failure;
use crate::evaluation::set_run::{Measured, Templates, on_each_model};
use crate::evaluation::settings::EvaluationSettings;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// Both protocols, or one of them, over the same faces.
struct Job {
    settings: EvaluationSettings,
    release: Release,
    faces: Vec<FaceImage>,
    verification: Option<Matches>,
    identification: Option<Galleries>,
}

/// Templates, whose media are lists of faces by index.
struct Material {
    names: Vec<String>,
    persons: Vec<usize>,
    media: Vec<Vec<Vec<usize>>>,
}

struct Matches {
    material: Material,
    matches: Vec<TemplateMatch>,
    options: MatchOptions,
}

struct Galleries {
    material: Material,
    plans: Vec<(String, SearchPlan)>,
}

/// Faces, each once however many templates it is in.
#[derive(Default)]
struct Faces {
    images: Vec<FaceImage>,
    known: HashMap<(ImageSource, Vec<u32>), usize>,
}

pub(super) fn run(args: Ijb, release: Release, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let job = Job::new(args, release)?;
    on_each_model(&job.settings, job.faces.len(), |model| {
        job.measure(model, interrupt)
    })
}

impl Job {
    fn new(args: Ijb, release: Release) -> Result<Self, Failure> {
        let settings = EvaluationSettings::new(args.evaluation, FaceSource::Detect)?;
        let source = Source {
            release,
            form: match args.form {
                Some(IjbForm::Official) => Form::Official,
                Some(IjbForm::Packed) => Form::Packed,
                None => Form::of_folder(&args.lists, release),
            },
            lists: &args.lists,
            images: &args.images,
        };
        let limits = DataLimits::default();
        let verification = match args.task {
            IjbTask::Identify => None,
            _ => Some(read_verification(&source, &limits).map_err(bad_list)?),
        };
        // The packed lists leave it to the galleries and probes to say who is who.
        let identification = match (args.task, source.form) {
            (IjbTask::Verify, Form::Official) => None,
            _ => Some(read_identification(&source, &limits).map_err(bad_list)?),
        };
        let subjects = identification.as_ref().map(subjects).unwrap_or_default();
        let options = MatchOptions {
            bootstrap: args.replicates.map(|n| Bootstrap {
                n_replicates: n.get(),
                seed: 0,
            }),
            ..MatchOptions::default()
        };
        let mut faces = Faces::default();
        let verification = verification
            .map(|read| Matches::new(read, &subjects, options, &mut faces))
            .transpose()?;
        let identification = identification
            .filter(|_| args.task != IjbTask::Verify)
            .map(|read| Galleries::new(read, &subjects, &mut faces))
            .transpose()?;
        Ok(Self {
            settings,
            release,
            faces: faces.images,
            verification,
            identification,
        })
    }

    fn measure(
        &self,
        model: &ModelUnderTest<'_>,
        interrupt: &Interrupt,
    ) -> Result<Vec<Measured>, Failure> {
        let faces = Templates::of(model, &self.faces, interrupt)?;
        let choices = vec![("Faces".to_owned(), model.faces_in_words())];
        let name = self.release.name();
        let title = match self.release {
            Release::B => "IJB-B",
            Release::C => "IJB-C",
        };
        let mut measured = Vec::new();
        if let Some(matches) = &self.verification {
            let templates = matches.material.templates(&faces.rows)?;
            let about = model.about(&format!("{name}-verify"))?;
            let set = matches.material.set(&templates);
            let report = evaluate_matches(about, set, &matches.matches, &matches.options)
                .map_err(|e| failure(&e))?;
            let run = report.run(&format!("{title}, 1:1"));
            measured.push(Measured::new(
                &report,
                run,
                &report.failures,
                choices.clone(),
            )?);
        }
        if let Some(galleries) = &self.identification {
            let templates = galleries.material.templates(&faces.rows)?;
            let about = model.about(&format!("{name}-identify"))?;
            let options = IdentificationOptions {
                ranks: vec![1, 5, 10],
                fpir_targets: vec![1e-1, 1e-2, 1e-3],
                ..IdentificationOptions::default()
            };
            let set = galleries.material.set(&templates);
            let report = identify_galleries(about, set, &galleries.plans, &options)
                .map_err(|e| failure(&e))?;
            let failed = galleries.material.names.iter().zip(&templates);
            let failed = failed.filter(|(_, template)| template.is_none());
            let failures: Vec<String> = failed.map(|(name, _)| name.clone()).collect();
            let run = report.run(&format!("{title}, 1:N"));
            measured.push(Measured::new(&report, run, &failures, choices)?);
        }
        // A face that cannot be read is told of once.
        let n_unreadable = std::iter::once(faces.n_unreadable).chain(std::iter::repeat(0));
        let measured = measured.into_iter().zip(n_unreadable);
        Ok(measured
            .map(|(measured, n)| measured.unreadable(n))
            .collect())
    }
}

impl Material {
    fn new(
        templates: &[&Template],
        subjects: &HashMap<u64, u64>,
        faces: &mut Faces,
    ) -> Result<Self, Failure> {
        let mut persons = Vec::with_capacity(templates.len());
        for template in templates {
            let subject = template
                .subject
                .or_else(|| subjects.get(&template.number).copied());
            let Some(subject) = subject else {
                return Err(Failure::new(
                    Exit::BadInput,
                    format!("no list says whom template {} shows", template.number),
                )
                .help("the lists of galleries and probes (…_1N_….csv) must hold every template"));
            };
            persons.push(subject as usize);
        }
        let mut media = |template: &&Template| {
            let media = template.media.iter();
            let media = media.map(|medium| medium.faces.iter().map(|f| faces.index(f)).collect());
            media.collect()
        };
        Ok(Self {
            names: templates
                .iter()
                .map(|t| format!("template {}", t.number))
                .collect(),
            persons,
            media: templates.iter().map(&mut media).collect(),
        })
    }

    /// The templates of the features of the faces.
    fn templates(&self, faces: &[Option<Vec<f32>>]) -> Result<Vec<Option<Vec<f32>>>, Failure> {
        let pooled = |media: &Vec<Vec<usize>>| {
            let medium = |of: &Vec<usize>| of.iter().map(|face| faces[*face].as_deref()).collect();
            let media: Vec<Vec<Option<&[f32]>>> = media.iter().map(medium).collect();
            pool_media(&media)
        };
        let templates = self.media.iter().map(pooled);
        templates.collect::<Result<_, _>>().map_err(|e| failure(&e))
    }

    fn set<'a>(&'a self, templates: &'a [Option<Vec<f32>>]) -> LabelledSet<'a> {
        LabelledSet {
            names: &self.names,
            persons: &self.persons,
            templates,
        }
    }
}

impl Matches {
    fn new(
        read: Verification,
        subjects: &HashMap<u64, u64>,
        options: MatchOptions,
        faces: &mut Faces,
    ) -> Result<Self, Failure> {
        let templates: Vec<&Template> = read.templates.iter().collect();
        let matches = read.pairs.iter().map(|pair| TemplateMatch {
            first: pair.first,
            second: pair.second,
            mated: pair.mated,
        });
        Ok(Self {
            matches: matches.collect(),
            material: Material::new(&templates, subjects, faces)?,
            options,
        })
    }
}

impl Galleries {
    fn new(
        read: Identification,
        subjects: &HashMap<u64, u64>,
        faces: &mut Faces,
    ) -> Result<Self, Failure> {
        let [first, second] = &read.galleries;
        let all = [&read.probes, &first.templates, &second.templates];
        let templates: Vec<&Template> = all.into_iter().flatten().collect();
        let material = Material::new(&templates, subjects, faces)?;
        let probes: Vec<usize> = (0..read.probes.len()).collect();
        let mut plans = Vec::new();
        let mut start = probes.len();
        for gallery in [first, second] {
            let items = start..start + gallery.templates.len();
            start = items.end;
            let plan = SearchPlan::of_items(&material.persons, items, &probes);
            plans.push((gallery.name.to_owned(), plan));
        }
        Ok(Self { material, plans })
    }
}

impl Faces {
    /// The index of the face.
    fn index(&mut self, face: &Face) -> usize {
        let sides = face.face.map(|r| [r.x, r.y, r.width, r.height]);
        let points = face.landmarks.map(|landmarks| landmarks.to_array());
        let points = points.into_iter().flatten().flat_map(|p| [p.x, p.y]);
        let known = sides.into_iter().flatten().chain(points);
        let key = (face.image.clone(), known.map(f32::to_bits).collect());
        let next = self.images.len();
        let index = *self.known.entry(key).or_insert(next);
        if index == next {
            self.images.push(FaceImage {
                name: face.name.clone(),
                source: face.image.clone(),
                face: face.face.filter(|rect| rect.is_valid()),
                landmarks: face.landmarks,
            });
        }
        index
    }
}

/// The subject of every template of galleries and probes, by their numbers.
fn subjects(read: &Identification) -> HashMap<u64, u64> {
    let galleries = read.galleries.iter().map(|gallery| &gallery.templates);
    let templates = galleries.chain([&read.probes]).flatten();
    let known = templates.filter_map(|template| Some((template.number, template.subject?)));
    known.collect()
}
