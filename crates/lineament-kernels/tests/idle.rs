//! Between runs the threads of a network sleep.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod onnx;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};
use std::{fs, thread};

use lineament_kernels::{KernelOptions, Network};
use onnx::{Conv, Tail};

/// How long a network is left alone.
const IDLE: Duration = Duration::from_millis(300);

/// The longest that a busy machine may take to let a thread work or fall asleep.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the system says of the threads of pools.
struct Workers {
    n: usize,
    all_sleep: bool,
    /// The processor's time that they have taken, in hundredths of a second.
    ticks: u64,
}

fn workers() -> Workers {
    let mut workers = Workers {
        n: 0,
        all_sleep: true,
        ticks: 0,
    };
    for thread in fs::read_dir("/proc/self/task").unwrap() {
        // Other threads may end meanwhile.
        let stat = fs::read_to_string(thread.unwrap().path().join("stat")).unwrap_or_default();
        // Names are cut off after 15 bytes.
        let Some((_, rest)) = stat.split_once("(lineament-kerne) ") else {
            continue;
        };
        // From the third field on: the state; the fourteenth and the next are the times.
        let fields: Vec<&str> = rest.split(' ').collect();
        let ticks = |field: usize| fields[field - 3].parse::<u64>().unwrap();
        workers.n += 1;
        workers.all_sleep &= fields[0] == "S";
        workers.ticks += ticks(14) + ticks(15);
    }
    workers
}

#[test]
fn threads_sleep_between_runs() {
    let conv = Conv {
        input: [1, 64, 56, 56],
        outputs: 64,
        kernel: [3, 3],
        strides: [1, 1],
        pads: [1; 4],
        groups: 1,
        tail: Tail::None,
    };
    let options = KernelOptions {
        threads: NonZeroUsize::new(2).unwrap(),
        ..KernelOptions::default()
    };
    let network = Network::from_onnx(&conv.onnx(), options).unwrap();
    let values = onnx::numbers(conv.input.iter().product(), 3);
    let begun = Instant::now();
    while workers().ticks < 5 {
        assert!(begun.elapsed() < PATIENCE, "the other thread does not work");
        network.run(&conv.input, &values).unwrap();
    }
    let (before, ended) = (workers(), Instant::now());
    assert_eq!(before.n, 1);
    while !workers().all_sleep {
        assert!(
            ended.elapsed() < PATIENCE,
            "the other thread does not sleep"
        );
        thread::yield_now();
    }
    thread::sleep(IDLE);
    let after = workers();
    assert_eq!(after.n, 1);
    // A tenth of the time: falling asleep takes some, and the system counts whole ticks.
    let used = after.ticks - before.ticks;
    assert!(used <= 3, "{used} ticks of {IDLE:?}");
}
