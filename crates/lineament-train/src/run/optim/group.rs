//! Parameters that decay or move otherwise than the rest.

use super::{Parameter, may_decay};
use crate::error::TrainError;
use serde::{Deserialize, Serialize};

/// Parameters by the beginnings of their names, and what holds for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The beginnings of the names of its parameters; each begins one at least.
    pub names: Vec<String>,
    /// w in place of the rule's; vectors and scalars are spared here too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// What the learning rate is multiplied by.
    #[serde(default = "one")]
    pub rate_factor: f64,
}

const fn one() -> f64 {
    1.0
}

impl Group {
    fn holds(&self, parameter: &Parameter) -> bool {
        self.names.iter().any(|n| parameter.name.starts_with(n))
    }

    /// What holds for which of the parameters.
    pub(super) fn describe(&self, parameters: &[Parameter]) -> String {
        let its: Vec<&Parameter> = parameters.iter().filter(|p| self.holds(p)).collect();
        let names: Vec<&str> = its.iter().map(|p| p.name.as_str()).collect();
        let decay = its.iter().map(|p| p.weight_decay).fold(0.0, f64::max);
        format!(
            "weight decay {decay:e}, {} times the rate: {}",
            self.rate_factor,
            names.join(", ")
        )
    }
}

/// Gives the parameters what their groups say.
pub(super) fn assign(groups: &[Group], parameters: &mut [Parameter]) -> Result<(), TrainError> {
    let refuse = |field, expected: &str, got: String| {
        Err(TrainError::ConfigField {
            field,
            expected: expected.to_owned(),
            got,
        })
    };
    let field = "optimizer.groups.names";
    for name in groups.iter().flat_map(|group| &group.names) {
        if !parameters.iter().any(|p| p.name.starts_with(name)) {
            let expected = "the beginnings of names of variables that are trained";
            return refuse(field, expected, name.clone());
        }
    }
    for parameter in parameters {
        let its: Vec<&Group> = groups.iter().filter(|g| g.holds(parameter)).collect();
        match its[..] {
            [] => {}
            [group] => {
                if let Some(weight_decay) =
                    group.weight_decay.filter(|_| may_decay(&parameter.value))
                {
                    parameter.weight_decay = weight_decay;
                }
                parameter.rate_factor = group.rate_factor;
            }
            _ => {
                let got = format!("{} in several", parameter.name);
                return refuse(field, "those of one group for each variable", got);
            }
        }
    }
    Ok(())
}
