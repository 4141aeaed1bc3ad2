//! `lineament gallery`: people enrolled from photos and found again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use lineament_testkit::{DrawnFace, draw_faces};
use serde_json::Value;
use support::{code, models, no_face, one_face, run_with_models, stderr, stdout, write_png};

#[test]
fn people_are_enrolled_once_and_identified() {
    let Some(models) = models("a gallery of drawn people") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let mut other = DrawnFace::at(160.0, 120.0, 140.0);
    other.skin = [120, 80, 60];
    other.hair = [20, 15, 10];
    write_png(&folder.join("known/Ada/1.png"), &one_face());
    write_png(
        &folder.join("known/Bob.png"),
        &draw_faces(320, 240, &[other]),
    );
    let mut stranger = DrawnFace::at(150.0, 120.0, 120.0);
    stranger.skin = [225, 190, 160];
    stranger.hair = [150, 110, 50];
    write_png(
        &folder.join("stranger.png"),
        &draw_faces(320, 240, &[stranger]),
    );
    let mut newcomer = DrawnFace::at(160.0, 120.0, 130.0);
    newcomer.skin = [200, 150, 120];
    newcomer.hair = [60, 20, 90];
    write_png(
        &folder.join("newcomer.png"),
        &draw_faces(320, 240, &[newcomer]),
    );
    write_png(&folder.join("known/Ada/wall.png"), &no_face());
    let call = |words: &[&str]| run_with_models(folder, &models, &[&["gallery"], words].concat());

    let made = call(&["init", "--gallery", "people.lineament"]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    let enrolled = call(&["enroll", "known", "--json", "--accept-poor"]);
    assert_eq!(code(&enrolled), 6, "{}", stderr(&enrolled));
    let outcomes = |text: String| -> Vec<String> {
        let outcome = |line: &str| {
            let record: Value = serde_json::from_str(line).unwrap();
            record["outcome"].as_str().unwrap().to_owned()
        };
        text.lines().map(outcome).collect()
    };
    assert_eq!(
        outcomes(stdout(&enrolled)),
        ["enrolled", "no_face", "enrolled"]
    );
    let again = call(&["enroll", "known", "--json", "--accept-poor"]);
    assert_eq!(
        outcomes(stdout(&again)),
        ["already_there", "no_face", "already_there"]
    );
    let taken = call(&[
        "enroll",
        "known/Bob.png",
        "--name",
        "Eve",
        "--json",
        "--accept-poor",
    ]);
    assert_eq!(outcomes(stdout(&taken)), ["belongs_to_another"]);
    assert_eq!(code(&taken), 3);

    let found = call(&[
        "identify",
        "known/Ada/1.png",
        "--json",
        "--fpir",
        "0.05",
        "--draw",
        "drawn",
    ]);
    assert_eq!(code(&found), 0, "{}", stderr(&found));
    assert!(folder.join("drawn").read_dir().unwrap().count() == 1);
    let record: Value = serde_json::from_str(&stdout(&found)).unwrap();
    let face = &record["faces"][0];
    assert_eq!(face["name"], "Ada");
    assert_eq!(face["candidates"].as_array().unwrap().len(), 2);
    assert!(face["margin"].as_f64().unwrap() > 0.0);
    assert!(
        face["candidates"][0]["chance_of_stranger"]
            .as_f64()
            .unwrap()
            < 0.05
    );
    let pooled = call(&[
        "identify",
        "known/Ada/1.png",
        "--json",
        "--fpir",
        "0.05",
        "--by",
        "template",
    ]);
    let record: Value = serde_json::from_str(&stdout(&pooled)).unwrap();
    assert_eq!(record["faces"][0]["name"], "Ada");
    assert_eq!(record["faces"][0]["candidates"][0]["face"], Value::Null);
    let indexed = call(&["index", "--json"]);
    assert_eq!(code(&indexed), 0, "{}", stderr(&indexed));
    let built: Value = serde_json::from_str(&stdout(&indexed)).unwrap();
    assert_eq!(built["n_faces"], 2);
    let by_index = call(&[
        "identify",
        "known/Ada/1.png",
        "--json",
        "--fpir",
        "0.05",
        "--approximate",
    ]);
    let record: Value = serde_json::from_str(&stdout(&by_index)).unwrap();
    assert_eq!(record["faces"][0]["name"], "Ada");
    assert_eq!(record["faces"][0]["approximate"], true);
    assert_eq!(code(&call(&["index", "--drop"])), 0);
    let without = call(&[
        "identify",
        "known/Ada/1.png",
        "--json",
        "--fpir",
        "0.05",
        "--approximate",
    ]);
    assert!(
        stderr(&without).contains("there is no approximate index yet"),
        "{}",
        stderr(&without)
    );
    let record: Value = serde_json::from_str(&stdout(&without)).unwrap();
    assert_eq!(record["faces"][0]["approximate"], false);
    let strict = call(&["identify", "stranger.png", "--json", "--threshold", "1"]);
    let record: Value = serde_json::from_str(&stdout(&strict)).unwrap();
    assert_eq!(record["faces"][0]["name"], Value::Null);

    let third = ["enroll", "stranger.png", "--name", "Cyd", "--accept-poor"];
    let third = call(&[&third[..], &["--threshold", "1"]].concat());
    assert_eq!(code(&third), 0, "{}", stderr(&third));
    let by_tail = |size: &str, confidence: &str| {
        let tail = ["--tail-size", size, "--tail-confidence", confidence];
        let identify = ["identify", "newcomer.png", "--json", "--threshold=-1"];
        call(&[&identify[..], &tail].concat())
    };
    let judged = |confidence: &str| {
        let found = by_tail("2", confidence);
        assert_eq!(code(&found), 0, "{}", stderr(&found));
        let mut record: Value = serde_json::from_str(&stdout(&found)).unwrap();
        record["faces"][0].take()
    };
    let (named, unknown) = (judged("0"), judged("1"));
    assert_eq!(named["name"], named["candidates"][0]["name"]);
    assert!((0.0..1.0).contains(&named["tail"]["confidence"].as_f64().unwrap()));
    assert_eq!(unknown["name"], Value::Null);
    assert_eq!(unknown["tail"]["confidence"], named["tail"]["confidence"]);
    let too_few = by_tail("20", "0.9");
    assert_eq!(code(&too_few), 2);
    let said = stderr(&too_few);
    assert!(
        said.contains("needs 21 people or more, and there are 3"),
        "{said}"
    );

    assert_eq!(code(&call(&["verify", "Ada", "known/Ada/1.png"])), 0);
    assert_eq!(
        code(&call(&[
            "verify",
            "Ada",
            "stranger.png",
            "--threshold",
            "1"
        ])),
        1
    );
    assert_eq!(code(&call(&["verify", "Ada", "known/Ada/wall.png"])), 3);
}
