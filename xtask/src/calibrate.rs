//! Thresholds at false-match rates, measured on labelled crops.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lineament::{
    Calibration, Embedder, Embedding, EngineOptions, ModelLimits, ModelStore, RgbImage, Selector,
};
use lineament_decode::{Limits, Resolution, read_photo};
use lineament_runtime::Task;

/// What to measure.
pub(crate) struct Plan {
    pub(crate) models: PathBuf,
    pub(crate) embedder: Option<String>,
    pub(crate) crops: PathBuf,
    pub(crate) pairs: PathBuf,
    pub(crate) source: String,
    pub(crate) seed: u64,
}

pub(crate) fn calibrate(plan: &Plan) -> anyhow::Result<()> {
    let store = ModelStore::open(&plan.models, ModelLimits::default())?;
    let selector = plan
        .embedder
        .as_deref()
        .map_or(Selector::Preferred, |name| Selector::Named(name.to_owned()));
    let embedder = Embedder::from_model(
        store
            .find(&Task::EMBED, &selector)?
            .load(&EngineOptions::default())?,
    )?;
    let faces = labelled_faces(plan)?;
    let embeddings = faces
        .iter()
        .map(|(person, path)| Ok((*person, embed(&embedder, path)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let calibration = Calibration::measured(&embeddings, &plan.source, plan.seed)?;
    println!(
        "# {}: cargo xtask calibrate --seed {}",
        embedder.info().name,
        plan.seed
    );
    println!("[calibration]");
    println!(
        "{}",
        toml::to_string(&calibration)?.replace("[[points]]", "[[calibration.points]]")
    );
    Ok(())
}

/// Person number and file of every face that the pairs file names, each once.
fn labelled_faces(plan: &Plan) -> anyhow::Result<Vec<(usize, PathBuf)>> {
    let pairs =
        std::fs::read_to_string(&plan.pairs).with_context(|| plan.pairs.display().to_string())?;
    let wanted = named_in_pairs(&pairs)?;
    let csv =
        std::fs::read_to_string(&plan.crops).with_context(|| plan.crops.display().to_string())?;
    let folder = plan.crops.parent().unwrap_or(Path::new("."));
    let mut people = BTreeMap::new();
    let mut faces = Vec::new();
    for line in csv.lines().skip(1) {
        let mut columns = line.split(',');
        let (Some(file), Some(person)) = (columns.next(), columns.next()) else {
            continue;
        };
        let stem = Path::new(file)
            .file_stem()
            .map(|s| s.to_string_lossy().into_owned());
        if stem.is_some_and(|stem| wanted.contains(&stem)) {
            let next = people.len();
            faces.push((
                *people.entry(person.to_owned()).or_insert(next),
                folder.join(file),
            ));
        }
    }
    ensure!(
        faces.len() == wanted.len(),
        "{} of {} faces have a crop",
        faces.len(),
        wanted.len()
    );
    Ok(faces)
}

/// File stems (`Name_0001`) in an LFW View 1 pairs file.
fn named_in_pairs(pairs: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut stems = BTreeSet::new();
    for line in pairs.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        let columns: Vec<_> = line.split_whitespace().collect();
        let faces = match columns[..] {
            [name, i, j] => [(name, i), (name, j)],
            [name, i, other, j] => [(name, i), (other, j)],
            _ => anyhow::bail!("a line of pairs has 3 or 4 columns, not \"{line}\""),
        };
        for (name, number) in faces {
            stems.insert(format!("{name}_{:04}", number.parse::<u32>()?));
        }
    }
    Ok(stems)
}

fn embed(embedder: &Embedder, path: &Path) -> anyhow::Result<Embedding> {
    let crop = read_photo(path, Resolution::Full, &Limits::default())?.image;
    let (width, height) = embedder.crop().size();
    let (left, top) = ((crop.width() - width) / 2, (crop.height() - height) / 2);
    let middle: RgbImage = crop.view().cropped(left, top, width, height)?;
    embedder
        .embed(&[middle])?
        .pop()
        .context("one crop gives one embedding")
}
