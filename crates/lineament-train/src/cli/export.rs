//! `export`.

use lineament_train::detect::{self, DetectorConfig};
use lineament_train::run::Flip;
use lineament_train::run::export::{self, Calibrated, Exported, Wanted};

use super::args::{Export, FlipArg};
use super::bar::Bar;
use super::exit::{Failure, USAGE};
use super::train::threads;

pub(crate) fn run(args: &Export, bar: &mut Bar) -> Result<u8, Failure> {
    if DetectorConfig::is_at(&args.run.join("config.toml")) {
        return detector(args, bar);
    }
    let calibration = match args.no_calibration {
        true => Calibrated::Not,
        false => Calibrated::OnHeldOut(threads(&args.machine, bar)),
    };
    let wanted = Wanted {
        checkpoint: args.checkpoint.clone(),
        folder: args.out.clone().unwrap_or_else(|| args.run.join("model")),
        fp16_weights: args.fp16,
        licence: args.licence.clone(),
        preference: args.preference,
        restore: args.restore,
        calibration,
        default_fmr: args.default_fmr,
        flip: args.flip.map(|flip| match flip {
            FlipArg::Sum => Flip::Sum,
            FlipArg::None => Flip::None,
        }),
    };
    let Exported {
        model,
        step,
        greatest_difference,
    } = export::export(&args.run, &wanted, bar)?;
    bar.say(&format!(
        "{}: step {step}; differs from the trainer's output by {greatest_difference:.1e} at most",
        model.display()
    ));
    Ok(0)
}

fn detector(args: &Export, bar: &Bar) -> Result<u8, Failure> {
    if args.flip.is_some() {
        return Err(Failure {
            code: USAGE,
            message: "--flip is for embedders: a detector looks at photos as they are".to_owned(),
        });
    }
    if args.restore {
        return Err(Failure {
            code: USAGE,
            message: "--restore is for embedders; a detector's configuration says it before training: `settings.restore = true`"
                .to_owned(),
        });
    }
    let wanted = detect::Wanted {
        checkpoint: args.checkpoint.clone(),
        folder: args.out.clone().unwrap_or_else(|| args.run.join("model")),
        fp16_weights: args.fp16,
        licence: args.licence.clone(),
        preference: args.preference,
    };
    let exported = detect::export(&args.run, &wanted)?;
    bar.say(&format!(
        "{}: step {}; differs from the trainer's output by {:.1e} at most",
        exported.model.display(),
        exported.step,
        exported.greatest_difference,
    ));
    Ok(0)
}
