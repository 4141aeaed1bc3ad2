//! Templates, put together face by face.

use std::collections::HashMap;

use lineament_core::{Landmarks, Rect};

use crate::error::DataError;
use crate::sets::Place;
use crate::source::ImageSource;

/// What one enrolment or search sees of a subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Its number in the database.
    pub number: u64,
    /// The number of the person, where the lists say it.
    pub subject: Option<u64>,
    /// Stills and videos, in the order of the list.
    pub media: Vec<Media>,
}

/// A still image, or the frames of one video.
#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    /// Its name or number, as the list has it.
    pub name: String,
    /// One face an image, in the order of the list.
    pub faces: Vec<Face>,
}

/// A face in an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Face {
    /// Name of the image's file.
    pub name: String,
    /// The image.
    pub image: ImageSource,
    /// Box of the face in pixels of the image.
    pub face: Option<Rect>,
    /// Five landmarks in pixels of the image.
    pub landmarks: Option<Landmarks>,
    /// How sure a detector was.
    pub detection_score: Option<f32>,
}

/// A line of a list: a face and what it belongs to.
pub(super) struct Row<'a> {
    pub(super) template: u64,
    pub(super) subject: Option<u64>,
    pub(super) media: &'a str,
    pub(super) face: Face,
}

/// Templates while they are read.
pub(super) struct TemplateList {
    templates: Vec<Template>,
    /// Index of the template, and the list that it is from.
    by_number: HashMap<u64, (usize, usize)>,
    /// Index of the medium within its template.
    media: HashMap<(usize, String), usize>,
    list: usize,
    n_faces: u64,
    max_faces: u64,
}

impl TemplateList {
    pub(super) fn new(max_faces: u64) -> Self {
        Self {
            templates: Vec::new(),
            by_number: HashMap::new(),
            media: HashMap::new(),
            list: 0,
            n_faces: 0,
            max_faces,
        }
    }

    /// From now on rows are of another list, and of other templates.
    pub(super) fn next_list(&mut self) {
        self.list += 1;
    }

    pub(super) fn add(&mut self, at: Place<'_>, row: Row<'_>) -> Result<(), DataError> {
        self.n_faces += 1;
        if self.n_faces > self.max_faces {
            return Err(DataError::Limit {
                path: at.path.to_owned(),
                what: "faces of templates",
                limit: self.max_faces,
                got: self.n_faces,
            });
        }
        let template_idx = self.template(at, row.template, row.subject)?;
        let media = &mut self.templates[template_idx].media;
        let key = (template_idx, row.media.to_owned());
        let media_idx = *self.media.entry(key).or_insert_with_key(|(_, name)| {
            media.push(Media {
                name: name.clone(),
                faces: Vec::new(),
            });
            media.len() - 1
        });
        media[media_idx].faces.push(row.face);
        Ok(())
    }

    fn template(
        &mut self,
        at: Place<'_>,
        number: u64,
        subject: Option<u64>,
    ) -> Result<usize, DataError> {
        let here = (self.templates.len(), self.list);
        let (idx, list) = *self.by_number.entry(number).or_insert(here);
        if idx == self.templates.len() {
            self.templates.push(Template {
                number,
                subject,
                media: Vec::new(),
            });
        } else if list != self.list {
            let expected = "a template that no other list has";
            return Err(at.error(expected, format!("template {number} again")));
        }
        let before = self.templates[idx].subject;
        if before != subject {
            let name = |subject: Option<u64>| match subject {
                Some(subject) => format!("subject {subject}"),
                None => "nobody known".to_owned(),
            };
            let expected = format!("{} in template {number}, as before", name(before));
            return Err(at.error(expected, name(subject)));
        }
        Ok(idx)
    }

    pub(super) fn finish(self) -> Vec<Template> {
        self.templates
    }
}
