//! After the first run for a shape, runs allocate nothing, neither on the caller's thread nor on the pool's, and give
//! the same bits.
#![allow(clippy::unwrap_used, reason = "tests")]

mod cases;
mod onnx;

use std::num::NonZeroUsize;
use std::path::Path;
use std::{fs, iter};

use lineament_kernels::{Isa, KernelOptions, LentOutput, Network, NetworkOutput, Precision};
use onnx::{Conv, Tail};

/// The system's allocator, which counts.
#[allow(unsafe_code, reason = "a global allocator")]
mod counting {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    static COUNTS: AtomicBool = AtomicBool::new(false);
    static N: AtomicUsize = AtomicUsize::new(0);

    struct Counting;

    // SAFETY: the system's allocator does all of it; a counter allocates nothing.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            if COUNTS.load(Ordering::Acquire) {
                N.fetch_add(1, Ordering::Relaxed);
            }
            // SAFETY: the trait's contract.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
            // SAFETY: the trait's contract.
            unsafe { System.dealloc(place, layout) }
        }
    }

    /// How often any thread allocates during `work`.
    pub(crate) fn allocations(work: impl FnOnce()) -> usize {
        N.store(0, Ordering::Relaxed);
        COUNTS.store(true, Ordering::Release);
        work();
        COUNTS.store(false, Ordering::Release);
        N.load(Ordering::Relaxed)
    }
}

/// A network by name, and shapes of its input.
type Case = (String, Vec<u8>, Vec<Vec<usize>>);

/// One of each operator or a few.
fn golden() -> impl Iterator<Item = Case> {
    let cases = cases::cases().into_iter();
    cases.map(|case| {
        let (shape, _) = cases::tensor(&case["input"]);
        let name = case["name"].as_str().unwrap().to_owned();
        (name, cases::onnx(&case), vec![shape])
    })
}

/// Whole networks, for two shapes by turns where they take two.
fn whole() -> impl Iterator<Item = Case> {
    let names = ["embedder_dynamic", "retinaface", "scrfd_kps", "ultraface"];
    let names = names.into_iter().chain(["yunet"]);
    names.map(|name| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/assets");
        let onnx = fs::read(folder.join(format!("random_{name}.onnx"))).unwrap();
        let network = Network::from_onnx(&onnx, KernelOptions::default()).unwrap();
        let dims = network.input().shape.clone();
        let shape = |side: usize| {
            let open = iter::once(1).chain(iter::repeat(side));
            let lengths = dims.iter().zip(open).map(|(dim, open)| dim.unwrap_or(open));
            lengths.collect()
        };
        (name.to_owned(), onnx, vec![shape(96), shape(64)])
    })
}

/// Pictures that are large enough for chains, for tiles and for several tasks.
fn large() -> impl Iterator<Item = Case> {
    let tiled = Conv {
        input: [2, 32, 29, 30],
        outputs: 48,
        kernel: [3, 3],
        strides: [1, 1],
        pads: [1; 4],
        groups: 1,
        tail: Tail::Sigmoid,
    };
    let padded = Conv {
        input: [1, 3, 131, 113],
        outputs: 20,
        strides: [2, 2],
        tail: Tail::PRelu,
        ..tiled
    };
    let grouped = Conv {
        input: [1, 32, 40, 40],
        outputs: 32,
        groups: 2,
        tail: Tail::AddInput,
        ..tiled
    };
    let convs = [tiled, padded, grouped].map(|conv| (conv.onnx(), conv.input));
    let (separable, apart, signs) = ([2, 40, 50, 42], [2, 32, 21, 17], [1, 20, 60, 60]);
    let others = [
        (onnx::separable(&separable, 24, 1, [true; 2]), separable),
        (onnx::heads(&apart, 3, &[(2, 1), (20, 3)], true), apart),
        (onnx::signs(&signs, 17), signs),
    ];
    let all = convs.into_iter().chain(others).enumerate();
    all.map(|(i, (onnx, shape))| (format!("large {i}"), onnx, vec![shape.to_vec()]))
}

fn ways() -> impl Iterator<Item = KernelOptions> {
    let sets = [Isa::Portable, Isa::detect()].into_iter();
    let both = sets.flat_map(|isa| Precision::ALL.map(|precision| (isa, precision)));
    let has = both.filter(|(isa, precision)| isa.multiplies(*precision));
    has.flat_map(|(isa, precision)| {
        [1, 2].map(|threads| KernelOptions {
            isa,
            precision,
            threads: NonZeroUsize::new(threads).unwrap(),
        })
    })
}

fn is_same(expected: &NetworkOutput, got: &LentOutput<'_>) -> bool {
    let bits = |x: &f32| x.to_bits();
    let same = expected.values.iter().map(bits);
    expected.shape == got.shape && same.eq(got.values.iter().map(bits))
}

/// Without the tests' harness, whose thread may allocate meanwhile.
fn main() {
    let cases = golden().chain(whole()).chain(large());
    for (name, onnx, shapes) in cases {
        for options in ways() {
            let network = Network::from_onnx(&onnx, options).unwrap();
            let first = |shape: Vec<usize>| {
                let values = onnx::numbers(shape.iter().product(), 7);
                let outputs = network.run(&shape, &values).unwrap();
                (shape, values, outputs)
            };
            let firsts: Vec<_> = shapes.iter().cloned().map(first).collect();
            for (shape, values, expected) in firsts.iter().cycle().take(2 * firsts.len()) {
                let mut n_same = 0;
                let n = counting::allocations(|| {
                    let mut expected = expected.iter();
                    let read = |got: LentOutput<'_>| {
                        n_same += usize::from(expected.next().is_some_and(|e| is_same(e, &got)));
                    };
                    network.run_with(shape, values, read).unwrap();
                });
                assert_eq!(n, 0, "{name}, {shape:?}, {options:?}");
                assert_eq!(n_same, expected.len(), "{name}, {shape:?}, {options:?}");
            }
            let (shape, values, _) = &firsts[0];
            let n = counting::allocations(|| drop(network.run(shape, values)));
            assert!(n > 0, "outputs of their own are counted");
        }
    }
}
