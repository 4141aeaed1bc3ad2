//! Configurations: what is refused, and how.

use lineament_train::run::Config;

use crate::support::CONFIG;

fn told(assignment: &str) -> String {
    match Config::parse(CONFIG, "test.toml", &[assignment.to_owned()]) {
        Ok(_) => panic!("{assignment} was taken"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn wrong_fields_are_named_with_what_they_may_be() {
    for (assignment, words) in [
        ("name=\"a/b\"", &["name", "letters", "a/b"][..]),
        (
            "optimizer.momentum=1.0",
            &["optimizer.momentum", "below 1", "got 1"],
        ),
        ("optimizer.kind=\"adam\"", &["adam", "sgd", "adamw"]),
        ("optimizer.speed=3", &["speed", "momentum"]),
        (
            "optimizer.groups=[{ names = [\"fc\"], decay = 0.1 }]",
            &["decay", "weight_decay", "rate_factor"],
        ),
        (
            "optimizer.groups=[{ names = [] }]",
            &["optimizer.groups.names", "beginnings of names"],
        ),
        (
            "optimizer.groups=[{ names = [\"fc\"], rate_factor = 0.0 }]",
            &["optimizer.groups.rate_factor", "above 0"],
        ),
        (
            "optimizer.groups=[{ names = [\"fc\"], weight_decay = -1.0 }]",
            &["optimizer.groups.weight_decay", "0 or above"],
        ),
        ("schedule.rate=0", &["schedule.rate", "above 0"]),
        ("schedule.rate=nan", &["schedule.rate", "above 0", "NaN"]),
        (
            "schedule.decay.kind=\"exponential\"",
            &["exponential", "cosine"],
        ),
        ("schedule.warmup=\"4 weeks\"", &["4 weeks", "epochs"]),
        (
            "schedule.decay={kind=\"step\", every=\"1 epoch\", factor=2.0}",
            &["factor", "at most 1"],
        ),
        ("train.length=3", &["length", "string"]),
        ("train.ema=1", &["train.ema", "below 1"]),
        ("train.precision=\"half\"", &["half", "bfloat16"]),
        ("train.lenght=\"3 steps\"", &["lenght", "length"]),
        ("train.log_every=0", &["train.log_every", "1 or more"]),
        ("input.std=[0.0, 1.0, 1.0]", &["input.std", "above 0"]),
        ("input.width=0", &["input.width", "1 to 1024"]),
        ("data.sources=[]", &["data.sources", "empty"]),
        ("loss.kind=\"arcfase\"", &["arcfase", "arcface"]),
        (
            r#"validation.lists=[{ name = "a", pairs = "a.txt" }]"#,
            &["validation.lists.crops", "beside a.txt"],
        ),
        ("validation.folds=1", &["validation.folds", "2 or more"]),
        (
            "validation.n_pairs=3",
            &["validation.n_pairs", "two a fold"],
        ),
        ("checkpoint.keep=0", &["checkpoint.keep", "1 or more"]),
        ("colour=1", &["colour", "augment"]),
        (
            "augment.mix.probability=0.5",
            &["augment.mix.probability", "teacher.model"],
        ),
        ("teacher={ file = \"a\" }", &["file", "features", "model"]),
        (
            "teacher={ model = \"a\", features = \"b\" }",
            &["teacher", "one of", "features and model"],
        ),
        (
            "teacher={ views = \"both\" }",
            &["teacher", "one of", "none"],
        ),
        (
            "teacher={ model = \"a\", views = \"all\" }",
            &["views", "seen", "both"],
        ),
        ("input.flip=\"concat\"", &["flip", "sum", "none"]),
        ("nothing", &["--set nothing", "FIELD=VALUE"]),
    ] {
        let told = told(assignment);
        for word in words {
            assert!(told.contains(word), "{assignment}: {told}");
        }
    }
}

#[test]
fn the_line_is_told() {
    let text = CONFIG.replace("seed = 3", "sead = 3");
    let told = Config::parse(&text, "test.toml", &[])
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("test.toml") && told.contains("line 3"),
        "{told}"
    );
}

#[test]
fn resolved_is_read_back() {
    let config = Config::parse(CONFIG, "test.toml", &[]).unwrap();
    let resolved = config.to_toml().unwrap();
    assert_eq!(Config::parse(&resolved, "resolved", &[]).unwrap(), config);
    // Defaults are told too.
    for field in ["initial", "minutes", "chunk"] {
        assert_eq!(resolved.contains(field), field != "initial", "{resolved}");
    }
}
