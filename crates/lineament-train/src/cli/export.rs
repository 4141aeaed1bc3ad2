//! `export`.

use lineament_train::run::export::{self, Exported, Wanted};

use super::args::Export;
use super::bar::Bar;
use super::exit::Failure;

pub(crate) fn run(args: &Export, bar: &Bar) -> Result<u8, Failure> {
    let wanted = Wanted {
        checkpoint: args.checkpoint.clone(),
        folder: args.out.clone().unwrap_or_else(|| args.run.join("model")),
        fp16_weights: args.fp16,
        licence: args.licence.clone(),
    };
    let Exported {
        model,
        step,
        greatest_difference,
    } = export::export(&args.run, &wanted)?;
    bar.say(&format!(
        "{}: step {step}; differs from the trainer's output by {greatest_difference:.1e} at most",
        model.display()
    ));
    Ok(0)
}
