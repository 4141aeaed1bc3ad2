//! Items with their persons and templates.

use crate::compared::check_template;
use crate::error::{EvalError, check_length};

/// Items, who they show, and what they are compared by.
#[derive(Debug, Clone, Copy)]
pub struct LabelledSet<'a> {
    /// Name of every item.
    pub names: &'a [String],
    /// Person of every item; any numbers, equal where the person is.
    pub persons: &'a [usize],
    /// Template of every item, all of one length; `None` where no face was found or the image
    /// could not be read: a failure to enrol.
    pub templates: &'a [Option<Vec<f32>>],
}

impl LabelledSet<'_> {
    /// Refuses lists of different lengths and templates that cannot be compared.
    pub(crate) fn check(&self) -> Result<(), EvalError> {
        check_length("persons of items", self.names.len(), self.persons.len())?;
        check_length("templates of items", self.names.len(), self.templates.len())?;
        let n_columns = self.templates.iter().flatten().map(Vec::len).next();
        let named = self.names.iter().zip(self.templates);
        let named = named.filter_map(|(name, template)| Some((name, template.as_ref()?)));
        for (name, template) in named {
            check_template(name, n_columns.unwrap_or(0), template)?;
        }
        Ok(())
    }

    /// Names of those of the items that have no template.
    pub(crate) fn failures(&self, items: impl Iterator<Item = usize>) -> Vec<String> {
        let failed = items.filter(|i| self.templates[*i].is_none());
        failed.map(|i| self.names[i].clone()).collect()
    }
}
