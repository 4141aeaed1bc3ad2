//! Where results go: a journal, JSON Lines on standard output, or a table there.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;

use crate::failure::Failure;
use crate::inputs::Input;
use crate::journal::{Header, Journal, Start};
use crate::record::{FaceRow, PhotoRecord};
use crate::settings::Style;

/// Takes the records of a run.
pub(crate) struct Results {
    target: Target,
    done: HashSet<String>,
    n_failed_before: usize,
}

enum Target {
    Journal(Journal),
    Lines,
    Table { headed: bool },
}

impl Results {
    /// Results shown on standard output.
    pub(crate) fn shown(style: Style) -> Self {
        Self {
            target: match style {
                Style::Json => Target::Lines,
                Style::People => Target::Table { headed: false },
            },
            done: HashSet::new(),
            n_failed_before: 0,
        }
    }

    /// Results kept in the journal at `path`, of which `inputs` may be done in part.
    pub(crate) fn kept(
        path: &Path,
        header: &Header,
        start: Start,
        inputs: &[Input],
    ) -> Result<Self, Failure> {
        let (journal, done) = Journal::open(path, header, start)?;
        let wanted: HashSet<&str> = inputs.iter().map(|input| input.shown.as_str()).collect();
        let failed = done.failed.iter();
        let n_failed_before = failed.filter(|path| wanted.contains(path.as_str())).count();
        Ok(Self {
            target: Target::Journal(journal),
            done: done.paths,
            n_failed_before,
        })
    }

    /// True when an earlier run has done this photo.
    pub(crate) fn has(&self, input: &Input) -> bool {
        self.done.contains(&input.shown)
    }

    /// Photos of this run that failed in an earlier one.
    pub(crate) fn n_failed_before(&self) -> usize {
        self.n_failed_before
    }

    /// True when failures are to be told on standard error too, because nobody reads them as JSON
    /// now.
    pub(crate) fn tells_people(&self) -> bool {
        !matches!(self.target, Target::Lines)
    }

    pub(crate) fn write<F: FaceRow>(&mut self, record: &PhotoRecord<F>) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        match &mut self.target {
            Target::Journal(journal) => journal.append(record),
            Target::Lines => serde_json::to_string(record)
                .map_err(io::Error::from)
                .and_then(|line| writeln!(stdout, "{line}"))
                .map_err(|error| Failure::stdout(&error)),
            Target::Table { headed } => {
                let header = (!std::mem::replace(headed, true)).then(PhotoRecord::<F>::header);
                header
                    .into_iter()
                    .chain(record.rows())
                    .try_for_each(|row| writeln!(stdout, "{}", row.trim_end()))
                    .map_err(|error| Failure::stdout(&error))
            }
        }
    }

    /// Waits until what was written is safe.
    pub(crate) fn sync(&self) -> Result<(), Failure> {
        match &self.target {
            Target::Journal(journal) => journal.sync(),
            Target::Lines | Target::Table { .. } => Ok(()),
        }
    }
}
