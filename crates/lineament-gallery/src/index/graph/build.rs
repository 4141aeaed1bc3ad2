//! Rows, linked to their neighbours one batch after the other.

use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};

use pulp::Arch;

use super::walk::Goal;
use super::{BUILD_BREADTH, Graph, LINKS, Layer, NONE, Rows, Walker, layer_sizes, room_of};

/// Most rows of a batch, and how many times as many must be linked before: rows of a batch do not find
/// each other.
const BATCH: usize = 256;
const LINKED_PER_BATCH: usize = 16;

/// Is told how many rows are linked, and may break the work off.
pub(crate) type Watch<'a> = dyn FnMut(usize) -> ControlFlow<()> + 'a;

/// The order in which faces become rows: from the highest layer down. A hash of their numbers, so that
/// which faces are in a high layer has nothing to do with who was enrolled when.
pub(crate) fn order(faces: &mut [i64]) {
    faces.sort_unstable_by_key(|face| (mixed(*face), *face));
}

/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (mix64).
fn mixed(face: i64) -> u64 {
    let mut bits = face.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// The graph of `rows`, which stand for `faces`, in the [`order`] of these. `None` when `watch` broke it off.
/// Threads change nothing but the time.
pub(crate) fn build(
    faces: Vec<i64>,
    rows: Rows,
    threads: NonZeroUsize,
    watch: &mut Watch<'_>,
) -> Option<Graph> {
    let n = faces.len();
    let layers = layer_sizes(n).enumerate().map(|(layer, n_rows)| Layer {
        room: room_of(layer),
        links: vec![NONE; n_rows * room_of(layer)],
    });
    let mut graph = Graph {
        layers: layers.collect(),
        faces,
        rows,
    };
    let mut walkers: Vec<Walker> = (0..threads.get()).map(|_| Walker::default()).collect();
    let mut linker = Linker::default();
    let mut done = n.min(1);
    while done < n {
        let batch = (done / LINKED_PER_BATCH).clamp(1, BATCH).min(n - done);
        for (row, plan) in (done as u32..).zip(plans(&graph, &mut walkers, done..done + batch)) {
            for (layer, chosen) in plan.iter().enumerate() {
                linker.link(&mut graph, layer, row, chosen);
            }
        }
        done += batch;
        if watch(done).is_break() {
            return None;
        }
    }
    Some(graph)
}

/// The neighbours that a new row is to be linked to, a list a layer.
type Plan = Vec<Vec<u32>>;

/// Plans for new rows, made on as many threads as there are walkers.
fn plans(graph: &Graph, walkers: &mut [Walker], rows: Range<usize>) -> Vec<Plan> {
    let rows: Vec<u32> = rows.map(|row| row as u32).collect();
    let each = rows.len().div_ceil(walkers.len());
    let work = |walker: &mut Walker, rows: &[u32]| -> Vec<Plan> {
        let mut choice = Choice::default();
        rows.iter()
            .map(|row| plan(graph, walker, &mut choice, *row))
            .collect()
    };
    std::thread::scope(|scope| {
        let work = &work;
        let mut parts = walkers.iter_mut().zip(rows.chunks(each));
        let first = parts.next();
        let others: Vec<_> = parts
            .map(|(walker, rows)| scope.spawn(move || work(walker, rows)))
            .collect();
        let mut all = first.map_or_else(Vec::new, |(walker, rows)| work(walker, rows));
        for other in others {
            match other.join() {
                Ok(plans) => all.extend(plans),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

/// Where a new row belongs (algorithm 1).
fn plan(graph: &Graph, walker: &mut Walker, choice: &mut Choice, row: u32) -> Plan {
    let mut codes = Vec::new();
    graph.rows.widen(row, &mut codes);
    let goal = Goal {
        codes: &codes,
        scale: graph.rows.scale(row),
    };
    walker.start(graph, &goal);
    let mut plan = Plan::new();
    for layer in graph.layers.iter().rev() {
        let is_in = (row as usize) < layer.n_rows();
        walker.walk(graph, layer, &goal, if is_in { BUILD_BREADTH } else { 1 });
        if is_in {
            let reached = walker.reached().iter();
            let candidates: Vec<(f32, u32)> = reached.map(|r| (r.score, r.row)).collect();
            plan.push(choice.choose(&graph.rows, &candidates, LINKS));
        }
    }
    plan.reverse();
    plan
}

/// Chooses neighbours.
struct Choice {
    arch: Arch,
    codes: Vec<i16>,
    products: Vec<i32>,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            arch: Arch::new(),
            codes: Vec::new(),
            products: Vec::new(),
        }
    }
}

impl Choice {
    /// At most `room` of the candidates, which come best first: those that are more like the row than like
    /// any that is chosen already (algorithm 4), so that links lead in all directions.
    fn choose(&mut self, rows: &Rows, candidates: &[(f32, u32)], room: usize) -> Vec<u32> {
        // A few at a time: most candidates are refused for one of the first.
        const CHUNK: usize = 8;
        let mut chosen: Vec<u32> = Vec::with_capacity(room);
        for (score, candidate) in candidates {
            if chosen.len() == room {
                break;
            }
            rows.widen(*candidate, &mut self.codes);
            let scale = rows.scale(*candidate);
            let leads_elsewhere = chosen.chunks(CHUNK).all(|chosen| {
                rows.products(self.arch, &self.codes, chosen, &mut self.products);
                let mut pairs = chosen.iter().zip(&self.products);
                pairs.all(|(row, product)| *product as f32 * (scale * rows.scale(*row)) <= *score)
            });
            if leads_elsewhere {
                chosen.push(*candidate);
            }
        }
        chosen
    }
}

/// Writes links both ways.
#[derive(Default)]
struct Linker {
    choice: Choice,
    links: Vec<u32>,
    codes: Vec<i16>,
    products: Vec<i32>,
}

impl Linker {
    fn link(&mut self, graph: &mut Graph, layer: usize, row: u32, chosen: &[u32]) {
        graph.layers[layer].set(row, chosen);
        for neighbour in chosen {
            self.links.clear();
            self.links.extend(graph.layers[layer].of(*neighbour));
            self.links.push(row);
            if self.links.len() > room_of(layer) {
                self.shorten(&graph.rows, *neighbour, room_of(layer));
            }
            graph.layers[layer].set(*neighbour, &self.links);
        }
    }

    /// Keeps the links of a row that [`Choice`] keeps.
    fn shorten(&mut self, rows: &Rows, row: u32, room: usize) {
        rows.widen(row, &mut self.codes);
        rows.products(
            self.choice.arch,
            &self.codes,
            &self.links,
            &mut self.products,
        );
        let scale = rows.scale(row);
        let scored = self.links.iter().zip(&self.products);
        let mut candidates: Vec<(f32, u32)> = scored
            .map(|(link, product)| (*product as f32 * (scale * rows.scale(*link)), *link))
            .collect();
        candidates.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        self.links = self.choice.choose(rows, &candidates, room);
    }
}
