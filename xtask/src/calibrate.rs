//! Thresholds at false-match rates, measured on labelled crops.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lineament::{
    Calibration, CalibrationPoint, Embedder, Embedding, EngineOptions, ModelLimits, ModelStore,
    RgbImage, Selector,
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

/// Rates worth a row, if at least [`LEAST_FALSE_MATCHES`] comparisons support them.
const RATES: [f64; 9] = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5];
/// Below 30 errors an observed rate says little (the "rule of 30", Doddington et al., 2000).
const LEAST_FALSE_MATCHES: f64 = 30.0;
const DEFAULT_FMR: f64 = 1e-4;
const BOOTSTRAP_ROUNDS: usize = 1000;

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
    let calibration = measure(&embeddings, &plan.source, plan.seed)?;
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

fn measure(faces: &[(usize, Embedding)], source: &str, seed: u64) -> anyhow::Result<Calibration> {
    let (mut mated, mut non_mated) = (Vec::new(), Vec::new());
    for (i, (person, face)) in faces.iter().enumerate() {
        for (other_person, other) in &faces[..i] {
            let score = face.score(other)?.value();
            if person == other_person {
                mated.push(score);
            } else {
                non_mated.push((score, *person, *other_person));
            }
        }
    }
    non_mated.sort_by(|a, b| b.0.total_cmp(&a.0));
    let bootstrap = Bootstrap::new(faces.iter().map(|(person, _)| *person), seed);
    let supported = |rate: &&f64| **rate * non_mated.len() as f64 >= LEAST_FALSE_MATCHES;
    let points = RATES.iter().filter(supported).map(|&fmr| {
        let n_allowed = (fmr * non_mated.len() as f64).floor() as usize;
        let threshold = threshold_after(&non_mated, n_allowed);
        let matches: Vec<_> = non_mated
            .iter()
            .take_while(|m| m.0 >= threshold)
            .map(|m| (m.1, m.2))
            .collect();
        let (fmr_low, fmr_high) = bootstrap.interval(&matches);
        let n_missed = mated.iter().filter(|&&s| s < threshold).count();
        CalibrationPoint {
            fmr,
            threshold,
            fmr_low: four_digits(fmr_low),
            fmr_high: four_digits(fmr_high),
            fnmr: four_digits(n_missed as f64 / mated.len() as f64),
        }
    });
    Ok(Calibration {
        source: source.to_owned(),
        n_non_mated: non_mated.len() as u64,
        n_mated: mated.len() as u64,
        default_fmr: DEFAULT_FMR,
        points: points.collect(),
    })
}

/// The smallest score that at most `n_allowed` of the falling scores reach: just above the first
/// that is not allowed.
fn threshold_after(falling: &[(f32, usize, usize)], n_allowed: usize) -> f32 {
    falling
        .get(n_allowed)
        .map_or(-1.0, |first_refused| first_refused.0.next_up())
}

/// The value with four significant digits: more would pretend.
fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// Draws people with replacement, the same draws for every threshold.
struct Bootstrap {
    /// How often each person was drawn, one row a round.
    draws: Vec<Vec<u32>>,
    n_faces: Vec<u64>,
}

impl Bootstrap {
    fn new(people: impl Iterator<Item = usize>, seed: u64) -> Self {
        let mut n_faces = Vec::new();
        for person in people {
            n_faces.resize(n_faces.len().max(person + 1), 0);
            n_faces[person] += 1;
        }
        let mut random = SplitMix(seed);
        let draws = (0..BOOTSTRAP_ROUNDS).map(|_| {
            let mut drawn = vec![0; n_faces.len()];
            for _ in 0..n_faces.len() {
                drawn[random.below(n_faces.len())] += 1;
            }
            drawn
        });
        Self {
            draws: draws.collect(),
            n_faces,
        }
    }

    /// The middle 95 % of the rate of these false matches (pairs of people).
    fn interval(&self, matches: &[(usize, usize)]) -> (f64, f64) {
        let mut rates: Vec<f64> = self
            .draws
            .iter()
            .map(|drawn| self.rate(drawn, matches))
            .collect();
        rates.sort_by(f64::total_cmp);
        let at = |share: f64| rates[(share * (rates.len() - 1) as f64).round() as usize];
        (at(0.025), at(0.975))
    }

    fn rate(&self, drawn: &[u32], matches: &[(usize, usize)]) -> f64 {
        let weights: Vec<f64> = drawn
            .iter()
            .zip(&self.n_faces)
            .map(|(&d, &n)| f64::from(d) * n as f64)
            .collect();
        let total: f64 = weights.iter().sum();
        let within: f64 = weights.iter().map(|w| w * w).sum();
        let n_matches: f64 = matches
            .iter()
            .map(|&(a, b)| f64::from(drawn[a]) * f64::from(drawn[b]))
            .sum();
        n_matches / ((total * total - within) / 2.0)
    }
}

/// A small seeded generator (Steele, Lea, Flood, OOPSLA 2014).
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * n as u128) >> 64) as usize
    }
}
