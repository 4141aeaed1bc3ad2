//! `import`.

use lineament_train::run::export::{Calibrated, Wanted};
use lineament_train::run::{Published, import};

use super::args::Import;
use super::bar::Bar;
use super::exit::Failure;

pub(crate) fn run(args: &Import, bar: &Bar) -> Result<u8, Failure> {
    let published = Published::load(&args.config, &args.fields.set)?;
    let wanted = Wanted {
        checkpoint: None,
        folder: args.out.clone(),
        fp16_weights: args.fp16,
        licence: args.licence.clone(),
        preference: args.preference,
        restore: args.restore,
        calibration: Calibrated::Not,
        default_fmr: None,
        flip: None,
    };
    let imported = import(&published, &wanted)?;
    bar.say(&format!(
        "{}: differs from the network's output by {:.1e} at most",
        imported.model.display(),
        imported.greatest_difference
    ));
    Ok(0)
}
