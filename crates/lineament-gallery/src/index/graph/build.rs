//! Rows, linked to their neighbours one batch after the other.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use super::walk::Goal;
use super::{BUILD_BREADTH, Graph, LINKS, Layer, Rows, Walker, layer_sizes, room_of};

/// Most rows of a batch, and how many times as many must be linked before: rows of a batch do not find
/// each other.
const BATCH: usize = 1024;
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
    let sizes = layer_sizes(n).enumerate();
    let mut graph = Graph {
        layers: sizes
            .map(|(layer, n_rows)| Layer::new(n_rows, room_of(layer)))
            .collect(),
        faces: faces.into(),
        rows,
    };
    let mut workers: Vec<Worker> = (0..threads.get()).map(|_| Worker::default()).collect();
    let mut done = n.min(1);
    while done < n {
        let batch = (done / LINKED_PER_BATCH).clamp(1, BATCH).min(n - done);
        let new: Vec<u32> = (done..done + batch).map(|row| row as u32).collect();
        let plans = on_all(&mut workers, &new, |worker, rows| {
            rows.iter().map(|row| worker.plan(&graph, *row)).collect()
        });
        let mut links = Vec::new();
        for (row, plan) in new.iter().zip(&plans) {
            for (layer, chosen) in plan.iter().enumerate() {
                graph.layers[layer].set(*row, chosen);
                links.extend(chosen.iter().map(|to| (layer, *to, *row)));
            }
        }
        // Those that lead from the same row lie together.
        links.sort_unstable();
        let grown: Vec<&[Link]> = links.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
        let lists = on_all(&mut workers, &grown, |worker, grown| {
            grown
                .iter()
                .map(|new| worker.with_new(&graph, new))
                .collect()
        });
        for (new, list) in grown.iter().zip(&lists) {
            let (layer, from, _) = new[0];
            graph.layers[layer].set(from, list);
        }
        done += batch;
        if watch(done).is_break() {
            return None;
        }
    }
    Some(graph)
}

/// What `work` makes of all `items`, in their order; each worker takes a part of them, on its own thread.
fn on_all<T: Sync, R: Send>(
    workers: &mut [Worker],
    items: &[T],
    work: impl Fn(&mut Worker, &[T]) -> Vec<R> + Sync,
) -> Vec<R> {
    let each = items.len().div_ceil(workers.len()).max(1);
    std::thread::scope(|scope| {
        let work = &work;
        let mut parts = workers.iter_mut().zip(items.chunks(each));
        let first = parts.next();
        let others: Vec<_> = parts
            .map(|(worker, items)| scope.spawn(move || work(worker, items)))
            .collect();
        let mut all = first.map_or_else(Vec::new, |(worker, items)| work(worker, items));
        for other in others {
            match other.join() {
                Ok(part) => all.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

/// The neighbours that a new row is to be linked to, a list a layer.
type Plan = Vec<Vec<u32>>;

/// A layer, a row of it, and a new row that it is to lead to.
type Link = (usize, u32, u32);

/// What a thread needs.
#[derive(Default)]
struct Worker {
    walker: Walker,
    codes: Vec<i16>,
    products: Vec<i32>,
}

impl Worker {
    /// Where a new row belongs (algorithm 1).
    fn plan(&mut self, graph: &Graph, row: u32) -> Plan {
        let mut codes = Vec::new();
        graph.rows.widen(row, &mut codes);
        let goal = Goal {
            codes: &codes,
            scale: graph.rows.scale(row),
        };
        self.walker.start(graph);
        let mut plan = Plan::new();
        for layer in graph.layers.iter().rev() {
            let is_in = (row as usize) < layer.n_rows();
            let breadth = if is_in { BUILD_BREADTH } else { 1 };
            self.walker.walk(graph, layer, goal, breadth);
            if is_in {
                let reached = self.walker.reached().iter();
                let candidates: Vec<(f32, u32)> = reached.map(|r| (r.score, r.row)).collect();
                plan.push(self.choose(&graph.rows, &candidates, LINKS));
            }
        }
        plan.reverse();
        plan
    }

    /// The links of a row once it leads to new ones.
    fn with_new(&mut self, graph: &Graph, new: &[Link]) -> Vec<u32> {
        let (layer, row, _) = new[0];
        let old = graph.layers[layer].of(row);
        let links: Vec<u32> = old.chain(new.iter().map(|(_, _, new)| *new)).collect();
        if links.len() <= room_of(layer) {
            return links;
        }
        let rows = &graph.rows;
        rows.widen(row, &mut self.codes);
        rows.products(self.walker.arch, &self.codes, &links, &mut self.products);
        let scale = rows.scale(row);
        let scored = links.iter().zip(&self.products);
        let mut candidates: Vec<(f32, u32)> = scored
            .map(|(link, product)| (*product as f32 * (scale * rows.scale(*link)), *link))
            .collect();
        candidates.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        self.choose(rows, &candidates, room_of(layer))
    }

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
                rows.products(self.walker.arch, &self.codes, chosen, &mut self.products);
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
